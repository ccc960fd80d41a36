"""Whether there is something to go back to, before a change is shipped."""

import re

import pandas as pd

# What an arm can serve that is no release: answered by the live one.
POLICIES = ("live", "popular")
PREVIOUS = "previous"
# Of no application: SQL alone, or lists that another program serves.
NO_RELEASES = pd.DataFrame(
    {"release_id": [], "was_live": [], "is_kept": [], "is_live": [], "is_previous": []}
)
RELEASE = re.compile(r"\d{8}T\d{6}.*")


def way_back(serves: str, releases: pd.DataFrame) -> tuple[bool, str]:
    """Tell whether what control serves can be served again, and why not.

    Parameters
    ----------
    serves : str
        Release or policy of the control.
    releases : DataFrame
        `release_id, was_live, is_kept, is_live, is_previous`, a row per release; without rows
        there is no application whose releases could be asked for.

    Returns
    -------
    ready : bool
    words : str
        One sentence.
    """
    if not serves:
        return False, "Nothing is named to go back to."
    back = f"Going back means serving {serves!r} again"
    is_named = releases["release_id"] == serves
    if not is_named.any() and RELEASE.fullmatch(serves):
        return False, f"{back}, and there is no such release: topshelf releases lists them."
    if releases.empty:
        return True, f"{back}, which control is served now."
    if serves in POLICIES:
        return _ready(releases.loc[releases["is_live"]], back, "no release is live")
    if serves == PREVIOUS:
        chosen = releases.loc[releases["is_previous"]]
        return _ready(chosen, back, "no release was live before this one")
    if is_named.any():
        return _ready(releases.loc[is_named], back, "there is no such release")
    return True, f"{back}; it is no release, so who serves it has to keep it ready."


def _ready(chosen: pd.DataFrame, back: str, absence: str) -> tuple[bool, str]:
    """Judge the release that would answer: one that was live once and whose files are there."""
    if chosen.empty:
        return False, f"{back}, and {absence}: topshelf promote makes one live."
    release = chosen.iloc[0]
    name = release["release_id"]
    if not release["was_live"]:
        return False, f"{back}, and release {name} was never promoted: nothing shows that it works."
    if not release["is_kept"]:
        return (
            False,
            f"{back}, and the files of release {name} are gone; see TOPSHELF_KEPT_RELEASES.",
        )
    return True, f"{back}: release {name} was live and is kept."
