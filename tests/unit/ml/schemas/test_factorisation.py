import pandas as pd
import pytest
from pandera.errors import SchemaError

from ml.schemas.factorisation import Contributions
from tests.unit.ml.schemas.broken_rows import broken

CUTOFF = pd.Timestamp("2026-01-01")


def test_contributions_fall_along_their_ranks():
    frame = pd.DataFrame(
        {
            "cutoff_at": CUTOFF,
            "user_id": "u1",
            "item_id": ["a", "a", "b"],
            "history_item_id": ["x", "y", "x"],
            "contribution_rank": [1, 2, 1],
            "contribution": [0.5, 0.25, 0.75],
            "history_count": 2,
        }
    )
    assert len(Contributions.validate(frame)) == 3
    for row, changes in (
        (1, {"contribution": 0.6}),
        (1, {"contribution_rank": 3}),
        (1, {"history_item_id": "x"}),
        (2, {"contribution": 0.0}),
    ):
        with pytest.raises(SchemaError):
            Contributions.validate(broken(frame, row, **changes))
