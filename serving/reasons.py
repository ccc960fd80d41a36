"""Why an item is shown, in words: the same ones as in `serving.rec_user_top_items`."""

from collections.abc import Sequence
from itertools import product

import orjson

from serving.texts import packed
from serving.written import COUNT, COUNTS, TITLE, Phrases

TITLE_WORD = "<title>"


def reason(source: str, evidence_title: str | None, evidence_count: int | None) -> str:
    """Say why an item is in a list.

    Parameters
    ----------
    source : str
        What proposed it; one that is not known speaks as ``popular``.
    evidence_title : str, optional
        Title of the item of the history that speaks most for it, or its id where it has no title.
    evidence_count : int, optional
        People who had both items, times that the user chose it, or people who turned to it in the
        last 28 days, as the source means it.
    """
    if source == "als":
        if evidence_title is None:
            return "Chosen by people with a history like yours"
        return f"Fits your history, most of all {evidence_title}"
    # Without the item that it follows there is nothing to say of the pair.
    if source == "covisitation" and evidence_title is not None:
        both = "" if evidence_count is None else f" ({evidence_count} people had both)"
        return f"Often follows {evidence_title}{both}"
    if source == "repeat":
        return f"You chose it {_times(evidence_count)}"
    if source == "pinned":
        return "Chosen by the editors"
    if source == "segment":
        return f"Popular with people like you{_people_lately(evidence_count)}"
    return f"Popular now{_people_lately(evidence_count)}"


def _times(count: int | None) -> str:
    if count is None:
        return "before"
    return "once" if count == 1 else f"{count} times"


def _people_lately(count: int | None) -> str:
    if not count:
        return ""
    return ": 1 person in 28 days" if count == 1 else f": {count} people in 28 days"


def phrases_of(sources: Sequence[str]) -> Phrases:
    """Prepare what is said of some sources, by their place."""
    cases = product(sources, (None, TITLE_WORD), COUNTS)
    return Phrases(packed(map(str.encode, sources)), packed(_phrase(*case) for case in cases))


def _phrase(source: str, title: str | None, count: int | None) -> bytes:
    """Return a reason as JSON without quotes, with bytes where title and count go."""
    said = orjson.dumps(reason(source, title, count))[1:-1]
    for word, code in ((TITLE_WORD, TITLE), (str(COUNTS[-1]), COUNT)):
        said = said.replace(word.encode(), bytes([code]))
    return said
