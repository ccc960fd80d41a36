"""How a ranker is taught."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pandas as pd

from ml.impression_labels import (
    examination_of,
    impression_rows,
    label_weights,
    time_split_rows,
)
from ml.position_bias import Examination
from ml.ranker_choice import IMPRESSION_RANKER, RANKER, SIMPLE_ORDERS
from ml.ranker_params import RankerParams
from ml.ranking import Ranker, fit_ranker


@dataclass(frozen=True)
class Teaching:
    """How rankers are taught.

    Attributes
    ----------
    params : RankerParams
        Hyper-parameters.
    features : list of str
        What a full ranker reads.
    attributes : tuple of str
        Those of `features` that are attributes of users and items.
    threads : int
        Processor threads of a ranker.
    shown : DataFrame
        Of `shown_items`; without rows if there are no impressions.
    workers : int
        Rankers that are fitted at a time, >= 1; does not change them.
    """

    params: RankerParams
    features: list[str]
    attributes: tuple[str, ...]
    threads: int
    shown: pd.DataFrame = field(default_factory=pd.DataFrame)
    workers: int = 1

    def without(self, users: set[str]) -> "Teaching":
        """Return the same without what some users were shown."""
        if self.shown.empty:
            return self
        return replace(self, shown=self.shown[~self.shown["user_id"].isin(users)])

    def can_learn(self, rows: pd.DataFrame) -> bool:
        """Whether something was taken and something was not."""
        return not rows.empty and rows["is_relevant"].nunique() == 2

    def rankers(self, rows: pd.DataFrame) -> dict[str, Ranker]:
        """Fit the rankers that contend, by name; none if nothing can be learned."""
        if not self.can_learn(rows):
            return {}
        has_shown = "shown_rank" in rows and rows["shown_rank"].notna().any()
        names = {
            "time": [RANKER],
            "impressions": [IMPRESSION_RANKER],
            "choose": [RANKER, IMPRESSION_RANKER],
        }[self.params.labels if has_shown else "time"]
        # Trees are grown without the lock of the interpreter, and the number of OpenMP's threads
        # is one of the thread that asks: contenders keep to theirs.
        with ThreadPoolExecutor(self.workers) as pool:
            fitted = pool.map(lambda name: self.fit(rows, name), names)
            return dict(zip(names, fitted, strict=True))

    def fit(self, rows: pd.DataFrame, chosen: str = RANKER) -> Ranker:
        """Fit on rows of `learning_rows`; an order without learning only gets probabilities."""
        simple = SIMPLE_ORDERS.get(chosen)
        weights = None
        if chosen == IMPRESSION_RANKER:
            rows = impression_rows(rows)
            weights = label_weights(rows, self.examination(rows)[0], self.params.unshown_weight)
        else:
            rows = time_split_rows(rows)
        return fit_ranker(
            rows,
            rows["is_relevant"].to_numpy(),
            [simple] if simple else self.features,
            rows["user_id"].to_numpy(),
            self.params,
            rows["sample_weight"].to_numpy(),
            self.threads,
            () if simple else self.attributes,
            rising=simple is not None,
            label_weights=weights,
        )

    def examination(self, rows: pd.DataFrame) -> tuple[Examination | None, str]:
        """Estimate how often places are looked at, from the periods that the rows are of."""
        if self.shown.empty:
            return None, "no impressions"
        return examination_of(self.shown[self.shown["cutoff_at"].isin(rows["cutoff_at"])])
