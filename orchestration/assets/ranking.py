"""The ranker: taught on past cutoffs, judged on a later one, applied to the present."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from orchestration.assets.features import FILES
from orchestration.attributes import ranker_attributes
from orchestration.figures import calibration_figures, importance_figures
from orchestration.ranker_fit import choice_table, fit_rankers, ranked_blocks, serving_tables
from orchestration.resources import Features, MappedLog, Warehouse
from orchestration.reviewed import overridden
from orchestration.stopwatch import SECONDS, Stopwatch

TABLES = {
    "ranked_candidates": "Candidates of every source in the order of the ranker, best first.",
    "ranker_choices": "What candidates are ordered by, by an earlier period, and why.",
    "ranker_metrics": "How well the ranker's probabilities held at the evaluation cutoff.",
    "ranker_importances": "How much worse the ranker gets when a feature is shuffled, or adds.",
    "rankers": "The ranker of the release, apart from its trees.",
    "ranker_trees": "The trees of the ranker, node by node.",
    "ranker_encodings": "By which numbers the ranker knows the values of attributes.",
}
SHOWN = [["training", "trn_shown_items"], ["training", "trn_shown_pairs"]]
WRITTEN_DOWN = ["ml.rankers", "ml.ranker_trees", "ml.ranker_encodings"]


class RankerConfig(dg.Config):
    """Run-time choices of the ranker; null leaves one to the settings of the log."""

    iterations: int | None = None
    negatives_per_positive: float | None = None
    seed: int | None = None
    # Of one ranker; more than idle cores are many times slower than one.
    threads: int = 1
    # Contending rankers that are fitted at a time.
    workers: int = 2


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["ml", name],
            deps=[["ranking", "rnk_frame"], *SHOWN, ["feature_store", "registry"], *FILES],
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
    log: MappedLog,
    warehouse: Warehouse,
    features: Features,
) -> Iterator[dg.MaterializeResult]:
    """Teach the ranker, judge it on a later cutoff, and rank every user's candidates."""
    release_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{context.run_id[:8]}"
    params = overridden(log.reviewed().ranker, config)
    watch = Stopwatch()
    with warehouse.connect() as connection, watch.timing("teaching"):
        rankers = fit_rankers(
            connection,
            features.open(),
            params,
            config.threads,
            ranker_attributes(log.read()),
            repeats=log.read().repeats,
            workers=config.workers,
        )
    with watch.timing("ranking"):
        count = warehouse.replace_by_blocks(
            "ml.ranked_candidates",
            lambda reading: ranked_blocks(reading, rankers, release_id, config.threads),
        )
    choices = choice_table(rankers)
    warehouse.replace("ml.ranker_choices", choices)
    warehouse.replace("ml.ranker_metrics", rankers.quality.metrics)
    warehouse.replace("ml.ranker_importances", rankers.importances)
    tables = serving_tables(rankers, release_id)
    counts = warehouse.replace_together(WRITTEN_DOWN, lambda _: iter(tables.items()))
    plots, measures = log.places().plots, rankers.quality.metrics
    yield dg.MaterializeResult(
        asset_key=["ml", "ranked_candidates"],
        metadata={
            "dagster/row_count": count,
            "release_id": release_id,
            SECONDS: watch.seconds["ranking"],
        },
    )
    yield dg.MaterializeResult(
        asset_key=["ml", "ranker_choices"],
        metadata={
            "dagster/row_count": len(choices),
            **{role: f"{it.chosen}: {it.reason}" for role, it in rankers.choices.items()},
            "impressions": rankers.places,
            SECONDS: watch.seconds["teaching"],
        },
    )
    yield dg.MaterializeResult(
        asset_key=["ml", "ranker_metrics"],
        metadata={
            "dagster/row_count": len(measures),
            **dict(zip(measures["name"], measures["value"], strict=True)),
            **calibration_figures(rankers, plots),
        },
    )
    yield dg.MaterializeResult(
        asset_key=["ml", "ranker_importances"],
        metadata={
            "dagster/row_count": len(rankers.importances),
            **importance_figures(rankers, plots),
        },
    )
    for table, rows in counts.items():
        yield dg.MaterializeResult(asset_key=table.split("."), metadata={"dagster/row_count": rows})
