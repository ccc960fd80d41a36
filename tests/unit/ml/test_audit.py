import pandas as pd
import pytest

from ml.audit import audit_table
from ml.metrics import user_metrics

GROUPS = pd.DataFrame({"user_id": ["u1", "u2", "u3"], "user_group": ["old", "young", None]})
ITEMS = pd.DataFrame({"item_id": ["a", "b", "c", "d"], "user_count": [10, 4, 4, 0]})


def rows_of(lists):
    return pd.DataFrame(
        [
            (system, user, item, rank)
            for system, user, items in lists
            for rank, item in enumerate(items, start=1)
        ],
        columns=["system", "user_id", "item_id", "rank"],
    )


@pytest.fixture
def table():
    lists = rows_of(
        [
            ("with", "u1", "ab"),
            ("with", "u2", "ac"),
            ("with", "u3", "bx"),
            ("with", "stranger", "a"),
            ("without", "u1", "ba"),
            ("without", "u2", "ad"),
            ("without", "u3", "ab"),
        ]
    )
    relevant = pd.DataFrame({"user_id": ["u1", "u2"], "item_id": ["a", "c"]})
    histories = pd.DataFrame({"user_id": ["u1"], "history_count": [1]})
    metrics = user_metrics(lists.assign(setting="s"), relevant.assign(setting="s"), histories, k=10)
    return audit_table(lists, metrics, GROUPS, ITEMS, 10).set_index(
        ["system", "user_group", "metric"]
    )


def value(table, *key):
    return table.loc[key, "value"]


def test_what_is_shown_is_described_for_each_group(table):
    assert value(table, "with", "old", "catalogue_share") == 2 / 4
    assert value(table, "with", "old", "mean_popularity") == (10 + 4) / 2
    assert value(table, "with", "old", "head_share") == 1 / 2
    assert value(table, "without", "young", "mean_popularity") == (10 + 0) / 2


def test_who_has_no_group_and_who_is_unknown_are_one_group(table):
    assert table.loc[("with", "(none)", "head_share"), "user_count"] == 2
    # b, x (in no catalogue, used by nobody) and a.
    assert value(table, "with", "(none)", "mean_popularity") == pytest.approx((4 + 0 + 10) / 3)


def test_everybody_is_described_beside_the_groups(table):
    assert value(table, "with", "(all)", "catalogue_share") == 4 / 4
    assert value(table, "with", "(all)", "head_share") == 3 / 7
    assert table.loc[("with", "(all)", "head_share"), "user_count"] == 4


def test_quality_is_measured_by_group_and_compared_user_by_user(table):
    second = 1 / 1.584962500721156
    assert value(table, "with", "old", "ndcg_10") == 1
    assert value(table, "without", "old", "ndcg_10") == pytest.approx(second)
    assert value(table, "difference", "old", "ndcg_10") == pytest.approx(1 - second)
    assert value(table, "difference", "young", "ndcg_10") == pytest.approx(second)
    assert value(table, "difference", "(all)", "ndcg_10") == pytest.approx(0.5)
    assert table.loc[("difference", "(all)", "ndcg_10"), "user_count"] == 2


def test_a_mean_over_users_has_an_interval_and_a_share_has_none(table):
    bounds = table[["lower", "upper"]]
    assert bounds.loc[("with", "(all)", "ndcg_10")].notna().all()
    assert bounds.loc[("with", "(all)", "head_share")].isna().all()
