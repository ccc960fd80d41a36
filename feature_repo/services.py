"""What a service consists of, from the registry's copy in memory."""

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from feast import FeatureService, FeatureStore, FeatureView
    from feast.feature_view_projection import FeatureViewProjection


def full_names(service: "FeatureService") -> list[str]:
    """List the features of a service, `<view>__<feature>`, in its order."""
    return [
        name
        for projection in service.feature_view_projections
        for name in projection_names(projection)
    ]


def projection_names(projection: "FeatureViewProjection") -> list[str]:
    """List the features that a service takes from one view."""
    return [f"{projection.name}__{field.name}" for field in projection.features]


def service_views(store: "FeatureStore", service: "FeatureService") -> list["FeatureView"]:
    """Get the views that a service reads; `store.get_feature_view` would open a file each time."""
    return [
        store.registry.get_feature_view(projection.name, store.project, allow_cache=True)
        for projection in service.feature_view_projections
    ]


def join_keys(views: list["FeatureView"]) -> list[str]:
    """List the join keys that some of the views need."""
    return list(dict.fromkeys(key for view in views for key in view.join_keys))


def arrow_schema(service: "FeatureService") -> pa.Schema:
    """Arrow types of a service's features."""
    from feast.types import from_feast_to_pyarrow_type

    types = [
        from_feast_to_pyarrow_type(field.dtype)
        for projection in service.feature_view_projections
        for field in projection.features
    ]
    return pa.schema(zip(full_names(service), types, strict=True))
