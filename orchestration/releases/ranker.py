"""The ranker, as a release keeps it, and the features of items and users that it reads."""

import duckdb
import numpy as np

from ml.attributes import AttributeEncoder, encode
from ml.features import feature_matrix
from ml.ranker_trees import RankerTables, stored_encoder
from ml.stored_ranker import trees_of
from orchestration.releases.rows import BLOCK_ROWS
from orchestration.releases.writing import ReleaseWriter
from serving.bundle_models import RANKER, TREES

# Views of features, and what else is known of an item, by the name of the feature before `__`.
ITEM_VIEWS = {"item_activity": ("ftr_item_activity", "item_id")}
USER_VIEWS = {
    "user_activity": ("ftr_user_activity", "user_id"),
    "user_taste": ("ftr_user_taste", "user_id"),
}
POPULARITY = {
    "popular_rank": "popular.popularity_rank",
    "popular_score": "popular.candidate_score",
}
MOMENT = "(select generated_at from serving.rec_release)"


def write_ranker(writer: ReleaseWriter, tables: RankerTables) -> list[str]:
    """Write the trees and the calibration; return the features, none without a ranker."""
    row = None if tables.ranker.empty else tables.ranker.iloc[0]
    features = [] if row is None else [str(name) for name in row["features"]]
    trees = trees_of(
        tables.trees if features else tables.trees.iloc[:0],
        features,
        0.0 if row is None else row["base_score"],
    )
    for name, stored in TREES.items():
        writer.whole(stored, getattr(trees, name))
    for name in ("calibration_raw_scores", "calibration_probabilities"):
        writer.whole(name, np.asarray([] if row is None else row[name], dtype=np.float64))
    told = ("base_score", "calibration_method", "calibration_slope", "calibration_intercept")
    as_json = None if row is None else {name: row[name] for name in told} | {"features": features}
    writer.json(RANKER, as_json)
    return features


def write_features(
    writer: ReleaseWriter,
    connection: duckdb.DuckDBPyConnection,
    side: str,
    count: int,
    features: list[str],
    tables: RankerTables,
) -> list[str]:
    """Write the features of all items, or users, that the ranker reads; return their names.

    Parameters
    ----------
    writer : ReleaseWriter
        Of the release.
    connection : DuckDBPyConnection
        To the warehouse.
    side : str
        `item` or `user`.
    count : int
        How many there are.
    features : list of str
        Of the ranker.
    tables : RankerTables
        Know by which numbers the ranker knows attributes.
    """
    views = ITEM_VIEWS if side == "item" else USER_VIEWS
    attribute = f"{side}_attribute__"
    columns = {}
    for name in features:
        view, _, column = name.partition("__")
        if view in views:
            columns[name] = f'{view}."{column}"'
        elif name.startswith(attribute):
            key = name.removeprefix(attribute).replace("'", "''")
            columns[name] = f"catalog.attributes['{key}']"
        elif side == "item" and name in POPULARITY:
            columns[name] = POPULARITY[name]
    matrix = writer.array(f"{side}_features", count, len(columns))
    query = _features_query(side, columns, views)
    encoder = stored_encoder(tables)
    own = AttributeEncoder({n: v for n, v in encoder.categories.items() if n in columns})
    for batch in connection.execute(query).to_arrow_reader(BLOCK_ROWS):
        matrix.append(feature_matrix(encode(own, batch.to_pandas()), list(columns)))
    return list(columns)


def _features_query(side: str, columns: dict[str, str], views: dict[str, tuple[str, str]]) -> str:
    quoted = [
        f'{column} as "{name.replace(chr(34), chr(34) * 2)}"' for name, column in columns.items()
    ]
    joins = [
        f"left join features.{table} as {view} "
        f"on owners.id = {view}.{key} and {view}.feature_at = {MOMENT}"
        for view, (table, key) in views.items()
    ]
    if side == "item":
        joins.append(
            "left join candidates.cnd_popular_items as popular on owners.id = popular.item_id "
            f"and popular.segment = 'all' and popular.cutoff_at = {MOMENT}"
        )
    return f"""
        select {", ".join(["owners.number", *quoted])}
        from release_{side}s as owners
        left join staging.stg_catalog__{side}s as catalog on owners.id = catalog.{side}_id
        {" ".join(joins)}
        order by owners.number
    """
