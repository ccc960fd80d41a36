"""One micro-batch: which users are dirty, and what their rows are now."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import NoneType
from typing import Any

import pandas as pd
import pandera.pandas as pa

from feature_repo.recent_events import RecentEvent, RecentEvents, UnreadableEventsError
from ml.schemas.refreshed import RefreshedActivity, RefreshedLists
from orchestration.refreshing.progress import Progress, moment_in
from serving.bundle import Bundle
from serving.events import recent_by_user
from serving.landing import rows_after
from serving.refreshing import activity_row, known_before, list_rows
from serving.taste import cutoff_of

# Lines of the log that one batch takes: bounds its memory and its time.
BATCH_ROWS = 5_000
MOMENTS = ("occurred_at", "loaded_at")
NEEDED = ("event_id", "user_id", "item_id", "event_type", *MOMENTS)


@dataclass(frozen=True)
class Batch:
    """New rows of some users, and what is known afterwards.

    Attributes
    ----------
    users : list of str
        The dirty ones, ascending. Who has no rows here has none any more: the release knows all
        that the user did.
    lists, activity : DataFrame
        As `ml.refreshed_lists` and `ml.refreshed_activity`.
    event_count : int
        New lines that are events.
    progress : Progress
        To be written when the rows are on disk.
    """

    users: list[str]
    lists: pd.DataFrame
    activity: pd.DataFrame
    event_count: int
    progress: Progress


def next_batch(
    bundle: Bundle,
    events: Path,
    recent: RecentEvents,
    progress: Progress,
    refreshed: Callable[[], Iterable[str]],
    limit: int = BATCH_ROWS,
) -> Batch:
    """Read on in the landing log, and make the rows of the users who are in what is new.

    The same progress, log and release give the same batch: its moment is that of the newest event
    read, not the clock's.

    Parameters
    ----------
    bundle : Bundle
        The live release.
    events : Path
        The stream of events in the landing log.
    recent : RecentEvents
        The online store. Gets the new events, which it may lack if it was away when they landed.
    progress : Progress
        Of the last batch that was finished. Under another release, the log is read again from the
        cutoff of this one on.
    refreshed : callable
        Gives the users who have rows. It is asked if another release made them: they are all
        dirty then.
    limit : int
        Most lines read, >= 1.
    """
    cutoff = cutoff_of(bundle)
    is_another = progress.release_id not in ("", bundle.release_id)
    # What the release before knew, and was passed over, this one need not know: after a rollback
    # it knows less.
    landed = rows_after(events, {} if is_another else progress.cursor, cutoff, limit)
    added = recent_by_user([row for row in landed.rows if _is_event(row)])
    recent.add(added)
    moment = _moment(added, moment_in(progress.moment, cutoff))
    stale = [*refreshed()] if is_another else []
    users = sorted({*added, *stale})
    lists: list[dict[str, Any]] = []
    activity: list[dict[str, Any]] = []
    for user_id in users:
        known = known_before(bundle, _stored(recent, user_id), moment)
        if known:
            lists += list_rows(bundle, user_id, known, moment)
            activity.append(activity_row(bundle, user_id, known, moment))
    return Batch(
        users=users,
        lists=_frame(lists, RefreshedLists),
        activity=_frame(activity, RefreshedActivity),
        event_count=sum(map(len, added.values())),
        progress=Progress(bundle.release_id, moment.isoformat(), landed.cursor),
    )


def _stored(recent: RecentEvents, user_id: str) -> list[RecentEvent]:
    """Read what a user did; nothing where it cannot be read, as the application answers then."""
    try:
        return recent.read(user_id)
    except UnreadableEventsError:
        return []


def _is_event(row: Mapping[str, object]) -> bool:
    """Tell whether a line is one that the application would write; dbt passes over others too."""
    if not all(isinstance(row.get(name), str) for name in NEEDED):
        return False
    if type(row.get("value")) not in (float, int, NoneType):
        return False
    try:
        moments = [datetime.fromisoformat(str(row[name])) for name in MOMENTS]
    except ValueError:
        return False
    return all(moment.tzinfo is not None for moment in moments)


def _moment(added: Mapping[str, Sequence[RecentEvent]], before: datetime) -> datetime:
    """Return the first moment at which all new events are known, none before the last batch's."""
    landed = [event.landed_at for events in added.values() for event in events]
    if not landed:
        return before
    newest = datetime.fromtimestamp(max(landed), UTC) + timedelta(microseconds=1)
    return max(newest, before)


def _frame(rows: list[dict[str, Any]], model: type[pa.DataFrameModel]) -> pd.DataFrame:
    """Lay rows out; moments are in UTC, without saying so, as in the warehouse."""
    if not rows:
        # Nothing tells the types of columns without values.
        return model.empty()
    columns = [*model.to_schema().columns]
    frame = pd.DataFrame(rows, columns=columns)
    for name in ("generated_at", "feature_at"):
        if name in columns:
            moments = pd.to_datetime(frame[name], utc=True)
            frame[name] = moments.dt.tz_localize(None).astype("datetime64[us]")
    return frame
