"""A release, opened to answer from: lists, items, histories, factors and the ranker."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar
from weakref import proxy

import numpy as np

from ml.als import AlsModel
from ml.stored_ranker import StoredRanker
from serving.bundle_arrays import map_arrays
from serving.bundle_files import read_manifest, verify_files
from serving.bundle_models import EventType, stored_als, stored_event_types, stored_ranker
from serving.bundle_rows import OwnedRows, PopularRows
from serving.reasons import phrases_of
from serving.rounded_factors import RoundedFactors
from serving.texts import IdColumn, TextColumn
from serving.written import Phrases

# What proposes items while a list is ranked, or where there is none.
ONLINE = ("als", "covisitation", "popular", "segment")
# Users of whom something is kept in memory; about a kilobyte each.
KEPT_USERS = 10_000
# The segment of everybody.
ALL = "all"

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Bundle(OwnedRows):
    """A release. Nothing in it changes; any number of processes and threads may read it.

    Attributes
    ----------
    folder : Path
        Where it lies.
    manifest : dict
        `release_id`, `created_at`, `generated_at` (the moment that the lists were made for, UTC),
        `mapping`, `counts`, `metrics`, `fingerprints`, `lists` (`per_user`, `repeats`), `sources`,
        `als`, `item_features`, `user_features`, `files`.
    arrays : dict of str to ndarray
        Of `serving.bundle_arrays.ARRAYS`, mapped into memory.
    user_ids, item_ids : IdColumn
        From the number of a user or an item to the id, and back.
    titles : TextColumn
        Of items; empty where the catalogue has none.
    categories, segments : TextColumn
        Names; places are what `item_category` and `user_segment` hold.
    ranker : StoredRanker, optional
        Ready to score rows of its features; None if there was none.
    """

    folder: Path
    manifest: dict[str, Any]
    arrays: dict[str, np.ndarray]
    user_ids: IdColumn
    item_ids: IdColumn
    titles: TextColumn
    categories: TextColumn
    segments: TextColumn
    ranker: StoredRanker | None = None

    @classmethod
    def open(cls, folder: Path, *, trust_record: bool = True) -> "Bundle":
        """Verify a release and map it; see `verify_files` for what that costs.

        Parameters
        ----------
        folder : Path
            Of the release.
        trust_record : bool
            False reads every file even if they were found whole before.

        Raises
        ------
        BundleError
            If a file is missing, damaged or of another format, or does not fit the others.
        """
        manifest = read_manifest(folder)
        verify_files(folder, manifest, trust_record=trust_record)
        arrays = map_arrays(folder)
        return cls(
            folder,
            manifest,
            arrays,
            IdColumn(arrays["user_id_text"], arrays["user_id_starts"]),
            IdColumn(arrays["item_id_text"], arrays["item_id_starts"]),
            TextColumn(arrays["title_text"], arrays["title_starts"]),
            TextColumn(arrays["category_text"], arrays["category_starts"]),
            TextColumn(arrays["segment_text"], arrays["segment_starts"]),
            stored_ranker(folder, arrays),
        )

    @property
    def release_id(self) -> str:
        """Return the name of the release."""
        return str(self.manifest["release_id"])

    @cached_property
    def sources(self) -> list[str]:
        """Return what proposed an item, by the code in the lists."""
        return list(self.manifest["sources"])

    @cached_property
    def phrases(self) -> Phrases:
        """Return what is said of the sources, by their codes."""
        return phrases_of([*self.source_codes])

    @cached_property
    def source_codes(self) -> dict[str, int]:
        """Return the codes of sources: of those in the lists, then of those met online alone."""
        return {name: code for code, name in enumerate(dict.fromkeys([*self.sources, *ONLINE]))}

    @property
    def user_count(self) -> int:
        """Return how many users the release knows."""
        return len(self.user_ids)

    @property
    def item_count(self) -> int:
        """Return how many items the release knows."""
        return len(self.item_ids)

    def user_row(self, user_id: str) -> int | None:
        """Return the number of a user, or None for a stranger."""
        return self.user_ids.find(user_id)

    def item_index(self, item_id: str) -> int | None:
        """Return the number of an item, or None for an unknown one."""
        return self.item_ids.find(item_id)

    def title(self, item: int) -> str | None:
        """Return the title of an item, or None."""
        return self.titles[item] if self.arrays["item_has_title"][item] else None

    def category(self, item: int) -> str | None:
        """Return the category of an item, or None."""
        code = int(self.arrays["item_category"][item])
        return self.categories[code] if code >= 0 else None

    def popular(self, segment: str = ALL) -> PopularRows:
        """Return what is popular in a segment; without rows for one that has no list."""
        code = self.segment_codes.get(segment)
        rows = slice(0, 0) if code is None else self._rows("popular", code)
        names = ("item", "score", "user_count")
        return PopularRows(*(self.arrays[f"popular_{name}"][rows] for name in names))

    def segment_of(self, user: int) -> str | None:
        """Return the segment of a user that has a list of its own, or None."""
        code = int(self.arrays["user_segment"][user])
        return self.segments[code] if code >= 0 else None

    def of_user(self, compute: "Callable[[Bundle, int], T]", user: int) -> T:
        """Return what is computed of a user from the release alone; kept for those asked for last.

        Parameters
        ----------
        compute : callable
            From the release and the number of a user to something small.
        user : int
        """
        found: T = self._kept(compute, user)
        return found

    @cached_property
    def _kept(self) -> "Callable[[Callable[[Bundle, int], Any], int], Any]":
        # What is kept does not hold the release: it is let go of at once when nobody has it.
        own = proxy(self)
        return lru_cache(maxsize=KEPT_USERS)(lambda compute, user: compute(own, user))

    @cached_property
    def user_feature_places(self) -> dict[str, int]:
        """Return the columns of `user_features` by their names; none without a ranker."""
        return {name: place for place, name in enumerate(self.manifest.get("user_features", ()))}

    @cached_property
    def has_category_limits(self) -> bool:
        """Return whether a list may hold only so many items of some category."""
        return bool((self.arrays["item_category_limit"] >= 0).any())

    @cached_property
    def segment_codes(self) -> dict[str, int]:
        """Return the places of the segments by their names."""
        return {name: code for code, name in enumerate(self.segments)}

    @cached_property
    def als(self) -> AlsModel | None:
        """Return the factorisation of the release without its users; None if there was none.

        Row ``r`` of its item factors belongs to item ``factor_item[r]``; ``item_factor_row`` leads
        back, with -1 for an item that it does not know. `ml.als.fold_in_user` makes the vector of
        a user from it and `gram`.
        """
        return stored_als(self.manifest["als"], self.arrays)

    @cached_property
    def rounded_factors(self) -> RoundedFactors | None:
        """Return the item factors as the best items are found by; None without factorisation."""
        return RoundedFactors(self.arrays["item_factors"]) if self.als is not None else None

    @cached_property
    def offered_factors(self) -> np.ndarray:
        """Return for each row of the item factors whether its item may be offered."""
        return self.arrays["item_is_offered"][self.arrays["factor_item"]] > 0

    @cached_property
    def event_types(self) -> dict[str, EventType]:
        """Return what the types of events mean in this log, by their names."""
        return stored_event_types(self.folder)
