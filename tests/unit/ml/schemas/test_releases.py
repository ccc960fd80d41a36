import numpy as np
import pandas as pd
import pytest
from pandera.errors import SchemaErrors

from ml.schemas.releases import ReleaseChanges, ShadowComparisons

CHANGES = {
    "change_number": [1, 2],
    "release_id": ["r1", "r2"],
    "action": ["promote", "canary"],
    "changed_by": "ann@desk",
    "reason": "",
    "failed_gates": ["[]", '[{"name": "ndcg"}]'],
    "live_release_id": "r1",
    "canary_release_id": [None, "r2"],
    "shadow_release_id": None,
    "previous_release_id": None,
    "version": [1, 2],
    "canary_percent": [np.nan, 5.0],
    "is_forced": False,
    "changed_at": pd.Timestamp("2026-03-01"),
}
COMPARISONS = {
    "shadow_release_id": "r2",
    "live_release_id": "r1",
    "metric": ["overlap", "rank_change"],
    "cutoff": [5, 0],
    "value": [0.5, 3.0],
    "request_count": 7,
    "compared_at": pd.Timestamp("2026-03-01"),
}


@pytest.mark.parametrize(
    ("schema", "rows"), [(ReleaseChanges, CHANGES), (ShadowComparisons, COMPARISONS)]
)
def test_what_is_whole_is_accepted(schema, rows):
    schema.validate(pd.DataFrame(rows), lazy=True)


@pytest.mark.parametrize(
    ("schema", "rows", "wrong"),
    [
        (ReleaseChanges, CHANGES, {"change_number": [1, 3]}),
        (ReleaseChanges, CHANGES, {"change_number": [1, 1]}),
        (ReleaseChanges, CHANGES, {"version": [2, 1]}),
        (ReleaseChanges, CHANGES, {"action": "demote"}),
        (ReleaseChanges, CHANGES, {"canary_percent": np.nan}),
        (ReleaseChanges, CHANGES, {"failed_gates": "none"}),
        (ReleaseChanges, CHANGES, {"release_id": None}),
        (ShadowComparisons, COMPARISONS, {"value": 1.5, "metric": ["overlap", "live_coverage"]}),
        (ShadowComparisons, COMPARISONS, {"metric": "overlap", "cutoff": 5}),
        (ShadowComparisons, COMPARISONS, {"value": np.nan}),
    ],
)
def test_what_is_wrong_is_refused(schema, rows, wrong):
    with pytest.raises(SchemaErrors):
        schema.validate(pd.DataFrame({**rows, **wrong}), lazy=True)
