"""Views and services that models may ask for."""

from datetime import timedelta
from pathlib import Path

from feast import FeatureService, FeatureView, Field, FileSource, PushSource
from feast.feast_object import FeastObject
from feast.types import Float64, Int64, String

from feature_repo.entities import CATEGORY, ITEM, USER
from feature_repo.recent_events import FEATURE, KEY, VIEW


def build_objects(features: Path) -> list[FeastObject]:
    """Define everything the registry holds.

    Parameters
    ----------
    features : Path
        Folder of the Parquet files, one per feature table, named after it. They need not exist
        yet.

    Returns
    -------
    list of Entity, DataSource, FeatureView and FeatureService
    """
    views = build_views(features)
    pushed = user_recent_events(features)
    sources = [
        source
        for view in [*views, pushed]
        for source in (view.batch_source, view.stream_source)
        if source
    ]
    return [USER, ITEM, CATEGORY, *sources, pushed, *views, *build_services(views)]


def build_views(features: Path) -> list[FeatureView]:
    """Define one view per feature table in `features`.

    A row of a feature table stands for what was known before its `feature_at`, late rows left
    out; so `feature_at` is the moment from which the row may be used.
    """
    return [
        user_activity(features),
        user_taste(features),
        item_activity(features),
        user_item_activity(features),
        user_category_activity(features),
    ]


def build_services(views: list[FeatureView]) -> list[FeatureService]:
    """Define the services, each the input of one model."""
    return [
        FeatureService(
            name="ranker_v1",
            features=list(views),
            description="Inputs of the ranker. Never edited; a change is ranker_v2.",
        )
    ]


def user_activity(features: Path) -> FeatureView:
    """Define what a user did until the moment."""
    return FeatureView(
        name="user_activity",
        entities=[USER],
        source=_parquet(features, "ftr_user_activity"),
        # Runs are daily. One missed run is bridged, with a day to spare for the length of a run;
        # after two the user counts as unknown.
        ttl=timedelta(days=3),
        schema=[
            *_keys("user_id"),
            *_integers(
                "interaction_count",
                "interaction_count_7d",
                "interaction_count_28d",
                "positive_count",
                "positive_count_28d",
                "positive_count_84d",
                "item_count",
                "item_count_28d",
                "session_count",
                "session_count_28d",
                "session_count_84d",
                "active_day_count",
            ),
            *_doubles(
                "days_since_last",
                "days_since_first",
                "interactions_per_item",
                "days_between_sessions",
                "value_log_mean",
            ),
        ],
        description="What a user did before feature_at.",
        tags={"dbt_model": "ftr_user_activity"},
    )


def user_taste(features: Path) -> FeatureView:
    """Define what the items of a user have in common until the moment."""
    return FeatureView(
        name="user_taste",
        entities=[USER],
        source=_parquet(features, "ftr_user_taste"),
        # Lives as long as the user's activity: one missed daily run is bridged, two are not.
        ttl=timedelta(days=3),
        schema=[
            *_keys("user_id"),
            *_doubles(
                "item_user_count_log_mean",
                "item_days_since_first_mean",
                "item_value_log_mean",
                "repeat_item_share",
                "new_item_share_28d",
            ),
        ],
        description="What the items of a user have in common, as known before feature_at.",
        tags={"dbt_model": "ftr_user_taste"},
    )


def item_activity(features: Path) -> FeatureView:
    """Define what happened to an item until the moment."""
    return FeatureView(
        name="item_activity",
        entities=[ITEM],
        source=_parquet(features, "ftr_item_activity"),
        # As for users: one missed daily run is bridged, two are not. Counts of seven days that
        # are four days old would rank last week's items.
        ttl=timedelta(days=3),
        schema=[
            *_keys("item_id"),
            *_integers(
                "user_count",
                "user_count_7d",
                "user_count_28d",
                "new_user_count_28d",
                "positive_count",
                "positive_count_7d",
                "positive_count_28d",
                "positive_count_84d",
                "negative_count",
            ),
            *_doubles(
                "positive_weight_2d",
                "positive_weight_7d",
                "days_since_last",
                "days_since_first",
                "repeat_user_share",
                "value_log_mean",
            ),
        ],
        description="What all users but bots did with an item before feature_at.",
        tags={"dbt_model": "ftr_item_activity"},
    )


def user_item_activity(features: Path) -> FeatureView:
    """Define what a user did with an item until the moment."""
    return FeatureView(
        name="user_item_activity",
        entities=[USER, ITEM],
        source=_parquet(features, "ftr_user_item_activity"),
        # One missed daily run is bridged, two are not: an expired pair looks like one that never
        # met, so it must not outlive the user's own row.
        ttl=timedelta(days=3),
        schema=[
            *_keys("user_id", "item_id"),
            *_integers(
                "interaction_count",
                "positive_count",
                "positive_count_28d",
                "positive_count_84d",
                "positive_day_count",
                "view_count",
                "history_position",
            ),
            *_doubles("weight", "days_since_last", "days_since_first", "days_between_positives"),
        ],
        description="What a user did with an item before feature_at.",
        tags={"dbt_model": "ftr_user_item_activity"},
    )


def user_category_activity(features: Path) -> FeatureView:
    """Define what a user did with a category until the moment."""
    return FeatureView(
        name="user_category_activity",
        entities=[USER, CATEGORY],
        source=_parquet(features, "ftr_user_category_activity"),
        # One missed daily run is bridged, two are not, as for pairs of user and item.
        ttl=timedelta(days=3),
        schema=[
            *_keys("user_id", "category"),
            *_integers("item_count", "positive_count"),
            *_doubles("days_since_last", "weight_share"),
        ],
        description="What a user did with the items of a category before feature_at.",
        tags={"dbt_model": "ftr_user_category_activity"},
    )


def user_recent_events(features: Path) -> FeatureView:
    """Define what users did lately, which the online application pushes event by event.

    `feature_repo/recent_events.py` says what is in it. Nothing fills it from a file; the source of
    rows is there because Feast asks for one.
    """
    return FeatureView(
        name=VIEW,
        entities=[USER],
        source=PushSource(name="recent_events", batch_source=_parquet(features, VIEW)),
        # Events count until a release knows them: thirty missed daily runs are bridged.
        ttl=timedelta(days=30),
        schema=[*_keys(KEY), Field(name=FEATURE, dtype=String)],
        description="The newest events of a user, as JSON, oldest first.",
    )


def _parquet(features: Path, table: str) -> FileSource:
    """Name the file of a feature table."""
    return FileSource(
        name=table, path=str(features / f"{table}.parquet"), timestamp_field="feature_at"
    )


def _keys(*names: str) -> list[Field]:
    """Declare join keys; undeclared, Feast would open the file to infer them."""
    return [Field(name=name, dtype=String) for name in names]


def _integers(*names: str) -> list[Field]:
    """Declare features that are bigint in the contract."""
    return [Field(name=name, dtype=Int64) for name in names]


def _doubles(*names: str) -> list[Field]:
    """Declare features that are double in the contract."""
    return [Field(name=name, dtype=Float64) for name in names]
