"""How a ranker is taught."""

from dataclasses import dataclass

import pandas as pd

from ml.ranker_choice import RANKER, SIMPLE_ORDERS
from ml.ranking import Ranker, RankerParams, fit_ranker


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
        Processor threads.
    """

    params: RankerParams
    features: list[str]
    attributes: tuple[str, ...]
    threads: int

    def can_learn(self, rows: pd.DataFrame) -> bool:
        """Whether something was taken and something was not."""
        return not rows.empty and rows["is_relevant"].nunique() == 2

    def fit(self, rows: pd.DataFrame, chosen: str = RANKER) -> Ranker:
        """Fit on rows of `learning_rows`; an order without learning only gets probabilities."""
        simple = SIMPLE_ORDERS.get(chosen)
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
        )
