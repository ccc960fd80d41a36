"""Giving a place away by chance, and saying by which chance."""

import random
from collections.abc import Sequence
from datetime import datetime

from serving.entries import Entry
from serving.settings import Exploration

# So long a list that does not change explores alike: its pages fit together.
KEPT_SECONDS = 3600


def chance_of(
    user_id: str,
    release_id: str,
    entries: Sequence[Entry],
    exploration: Exploration,
    now: datetime,
) -> random.Random:
    """Return the source of draws of one list: for an hour the same, in every process.

    The draws of two lists, users, releases or hours are independent, as a hash of them all is. So
    a list that what was drawn before has changed, by a click on it, is drawn for anew, and the
    propensities hold given all that went before.

    Parameters
    ----------
    user_id, release_id : str
    entries : sequence of Entry
        The list and what follows it, at least as far as places are drawn from.
    exploration : Exploration
    now : datetime
        With its time zone.
    """
    hour = int(now.timestamp() // KEPT_SECONDS)
    items = [entry.item for entry in entries[: exploration.rank - 1 + exploration.depth]]
    # Not for secrets. A text is hashed as a whole, so that a digit more makes other draws.
    return random.Random(f"{hour}\n{release_id}\n{user_id}\n{items}")


def explored(
    entries: Sequence[Entry], exploration: Exploration, chance: random.Random
) -> tuple[list[Entry], bool]:
    """Sometimes swap the item of one place with one that follows, drawn at random.

    With the probability `rate` the place goes to one of `depth` items, itself and those that
    follow, each as likely as the others; the two change places. The propensities are those of this
    rule: of each item, that it stands where it stands.

    Parameters
    ----------
    entries : sequence of Entry
        The list and what follows it.
    exploration : Exploration
    chance : Random
        Source of the draws, such as `chance_of`.

    Returns
    -------
    list of Entry, bool
        The list with propensities, and whether the draw changed it.
    """
    first = exploration.rank - 1
    drawn = list(entries[first : first + exploration.depth])
    # A place that an editor gave is not given away.
    if exploration.rate == 0 or len(drawn) < 2 or any(one.source == "pinned" for one in drawn):
        return list(entries), False
    each = exploration.rate / len(drawn)
    listed = [*entries[:first]]
    listed.append(drawn[0]._replace(propensity=1 - exploration.rate + each))
    listed += [one._replace(propensity=1 - each) for one in drawn[1:]]
    listed += entries[first + len(drawn) :]
    if chance.random() >= exploration.rate:
        return listed, False
    place = first + chance.randrange(len(drawn))
    if place == first:
        return listed, False
    winner, loser = listed[place], listed[first]
    listed[first] = winner._replace(propensity=each)
    listed[place] = loser._replace(propensity=each)
    return listed, True
