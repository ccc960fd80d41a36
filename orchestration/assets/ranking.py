"""The ranker: taught on past cutoffs, judged on a later one, applied to the present."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pandas as pd

from ml.ranker_quality import permutation_importances
from ml.ranking import RankerParams
from orchestration.assets.features import FILES
from orchestration.ranker_fit import fit_on, judge, ranked_blocks
from orchestration.ranker_rows import learning_rows, ranker_features
from orchestration.resources import Features, Warehouse

TABLES = {
    "ranked_candidates": "Candidates of every source in the order of the ranker, best first.",
    "ranker_metrics": "How well the ranker's probabilities held at the evaluation cutoff.",
    "ranker_importances": "How much worse the ranker gets when a feature is shuffled.",
}


class RankerConfig(dg.Config):
    """Run-time choices of the ranker."""

    iterations: int = RankerParams.iterations
    negatives_per_positive: float = RankerParams.negatives_per_positive
    seed: int = RankerParams.seed
    threads: int = 1

    def params(self) -> RankerParams:
        """Return the hyper-parameters."""
        return RankerParams(
            iterations=self.iterations,
            negatives_per_positive=self.negatives_per_positive,
            seed=self.seed,
        )


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["ml", name],
            deps=[["ranking", "rnk_frame"], ["feature_store", "registry"], *FILES],
            description=description,
            kinds={"python", "scikitlearn"},
        )
        for name, description in TABLES.items()
    ],
    group_name="learning",
    pool="warehouse",
)
def ranker(
    context: dg.AssetExecutionContext,
    config: RankerConfig,
    warehouse: Warehouse,
    features: Features,
) -> Iterator[dg.MaterializeResult]:
    """Fit on the training cutoffs and judge; fit again on all outcomes and rank for today."""
    release_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{context.run_id[:8]}"
    params = config.params()
    with warehouse.connect() as connection:
        store = features.open()
        names = ranker_features(connection, store)
        past = learning_rows(connection, store, "train", params)
        recent = learning_rows(connection, store, "evaluate", params)
        every = pd.concat([past, recent], ignore_index=True)
        rankers = {
            "evaluate": fit_on(past, names, params, config.threads),
            "serve": fit_on(every, names, params, config.threads),
        }
        quality = judge(connection, rankers["evaluate"], config.threads)
    importances = permutation_importances(rankers["evaluate"], recent, recent["is_relevant"])
    count = warehouse.replace_by_blocks(
        "ml.ranked_candidates",
        lambda reading: ranked_blocks(reading, rankers, release_id, config.threads),
    )
    warehouse.replace("ml.ranker_metrics", quality.metrics)
    warehouse.replace("ml.ranker_importances", importances)
    yield dg.MaterializeResult(
        asset_key=["ml", "ranked_candidates"],
        metadata={"dagster/row_count": count, "release_id": release_id},
    )
    yield dg.MaterializeResult(
        asset_key=["ml", "ranker_metrics"], metadata={"dagster/row_count": len(quality.metrics)}
    )
    yield dg.MaterializeResult(
        asset_key=["ml", "ranker_importances"], metadata={"dagster/row_count": len(importances)}
    )
