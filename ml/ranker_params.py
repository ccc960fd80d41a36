"""How the ranker learns."""

from dataclasses import dataclass

# Which labels teach: the better ones by a period that is known, the time split's, impressions'.
LABELS = ("choose", "time", "impressions")
# Of the whole numbers.
LEAST = {
    "fits": 1,
    "iterations": 1,
    "iterations_unchecked": 1,
    "leaves": 2,
    "leaf_rows": 1,
    "patience": 1,
    "seed": 0,
}
# That scikit-learn takes.
LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True)
class RankerParams:
    """Hyper-parameters of the ranker.

    Attributes
    ----------
    learning_rate : float
        Shrinkage of each tree, in (0, 1].
    iterations : int
        Most trees, >= 1; held-out users decide how many.
    iterations_unchecked : int
        Trees when too few positives are held out to decide, >= 1.
    leaves : int
        Most leaves of a tree, >= 2.
    leaf_rows : int
        Fewest rows in a leaf, >= 1; down to 40 on a small log.
    l2 : float
        Penalty on leaf values, >= 0.
    max_features : float
        Share of the features that a split chooses from, in (0, 1].
    patience : int
        Trees without improvement before stopping, >= 1.
    negatives_per_positive : float
        Negatives kept for training per positive, > 0.
    stopping_share, calibration_share : float
        Shares of the users held out for that, > 0, together below 1.
    seed : int
        Of the choice of users and of the binning, 0 to 2^32 - 1; further fits take the next ones.
    fits : int
        Fits with other users held out to stop by, whose scores are averaged, >= 1. Each takes as
        long as the first, to learn and to rank; lists change less from fit to fit.
    labels : str
        What teaches, of `LABELS`: everything that was not taken is a negative (`time`), what was
        shown and ignored above all (`impressions`), or the better of the two (`choose`).
    unshown_weight : float
        When impressions teach: what a sampled candidate that was neither shown nor taken counts as
        a negative, in (0, 1]. All that were shown and ignored are kept, and count 1 each.
    """

    learning_rate: float = 0.03
    iterations: int = 500
    iterations_unchecked: int = 120
    leaves: int = 15
    leaf_rows: int = 300
    l2: float = 50.0
    max_features: float = 0.3
    patience: int = 30
    negatives_per_positive: float = 5.0
    stopping_share: float = 0.1
    calibration_share: float = 0.1
    seed: int = 0
    fits: int = 1
    labels: str = "choose"
    unshown_weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what nothing can be learned with, and shares that leave no users to fit on."""
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be >= {least}, got {getattr(self, name)}")
        for name in ("learning_rate", "max_features", "unshown_weight"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in (0, 1], got {getattr(self, name)}")
        if not 0 <= self.l2 < float("inf"):
            raise ValueError(f"l2 must be >= 0 and finite, got {self.l2}")
        negatives = self.negatives_per_positive
        if not 0 < negatives < float("inf"):
            raise ValueError(f"negatives_per_positive must be > 0 and finite, got {negatives}")
        if self.seed > LARGEST_SEED:
            raise ValueError(f"seed must be <= {LARGEST_SEED}, got {self.seed}")
        shares = (self.stopping_share, self.calibration_share)
        if not (min(shares) > 0 and sum(shares) < 1):
            raise ValueError(f"held-out shares must be > 0 and sum to < 1, got {shares}")
        if self.labels not in LABELS:
            raise ValueError(f"labels must be one of {', '.join(LABELS)}, got {self.labels!r}")
