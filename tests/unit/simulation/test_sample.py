"""The shipped sample: made by the generator, small, and with something to learn in it."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from simulation.config import SAMPLE
from simulation.world import build_world
from simulation.writing import write_log

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "seeds" / "sample"
FILES = ("events", "impressions", "items", "users")
END = pd.Timestamp("2026-03-01")
CUTOFF = END - pd.Timedelta(days=14)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Make the sample again: the folder and the summary."""
    folder = tmp_path_factory.mktemp("sample")
    return folder, write_log(SAMPLE, folder)


@pytest.fixture(scope="module")
def actions():
    """Read views, carts and purchases of people, without any dirt."""
    events = pq.read_table(SHIPPED / "events.parquet").to_pandas()
    events["kind"] = events["event_type"].str.strip().str.lower()
    moments = pd.to_datetime(events["occurred_at"], utc=True, format="ISO8601", errors="coerce")
    events["moment"] = moments.dt.tz_localize(None)
    events = events.dropna(subset=["user_id", "item_id", "moment"]).drop_duplicates("event_id")
    events = events[events["kind"].isin(["view", "cart", "purchase"]) & (events["moment"] < END)]
    days = events.groupby(["user_id", events["moment"].dt.date])["kind"].transform("size")
    return events[~events["user_id"].isin(events.loc[days > 100, "user_id"])]


def test_the_generator_makes_the_shipped_files_again(made):
    folder, _ = made
    for name in FILES:
        again = pq.read_table(folder / f"{name}.parquet")
        assert again == pq.read_table(SHIPPED / f"{name}.parquet"), name


def test_the_files_are_small_and_the_truth_is_not_among_them():
    files = list(SHIPPED.glob("**/*.parquet"))
    assert sorted(path.stem for path in files) == sorted(FILES)
    assert sum(path.stat().st_size for path in files) <= 2 * 1024**2


def test_the_sample_has_the_stated_size(actions):
    assert 25_000 <= len(actions) <= 40_000
    assert actions["moment"].min() >= END - pd.Timedelta(days=SAMPLE.days)
    assert pq.read_metadata(SHIPPED / "users.parquet").num_rows == SAMPLE.users
    assert pq.read_metadata(SHIPPED / "items.parquet").num_rows == SAMPLE.items


def test_the_mapping_names_columns_that_exist_and_parts_bots_from_people(actions):
    mapping = yaml.safe_load((ROOT / "mappings" / "sample.yml").read_text())["mapping"]
    for part in ("events", "items", "users", "impressions"):
        columns = set(pq.read_schema(ROOT / mapping[part]["relation"]).names)
        assert set(mapping[part]["columns"].values()) <= columns
    assert mapping["users"]["sensitive"] == ["age_band"]
    busiest = actions.groupby(["user_id", actions["moment"].dt.date]).size().max()
    fewest = SAMPLE.dirt.bot_views[0]
    assert busiest * 2 < mapping["bot_interactions_per_day"] < fewest


def split(actions):
    """Weights before the cut, and new items in cart or bought after it, as matrices."""
    before = actions[actions["moment"] < CUTOFF]
    after = actions[(actions["moment"] >= CUTOFF) & (actions["kind"] != "view")]
    users, items = (np.unique(before[key]) for key in ("user_id", "item_id"))
    weights, wanted = (np.zeros((users.size, items.size)) for _ in range(2))
    value = before["kind"].map({"view": 1.0, "cart": 3.0, "purchase": 5.0})
    rows, columns = (
        np.searchsorted(users, before["user_id"]),
        np.searchsorted(items, before["item_id"]),
    )
    np.add.at(weights, (rows, columns), value)
    after = after[after["user_id"].isin(users) & after["item_id"].isin(items)]
    wanted[np.searchsorted(users, after["user_id"]), np.searchsorted(items, after["item_id"])] = 1
    return weights, wanted * (weights == 0)


def mean_ndcg(scores, weights, wanted):
    """Mean nDCG@10 over users who wanted something new; items they had are left out."""
    ranked = np.argsort(-np.where(weights > 0, -np.inf, scores), axis=1, kind="stable")[:, :10]
    discounts = 1 / np.log2(np.arange(2, 12))
    gains = np.take_along_axis(wanted, ranked, axis=1) @ discounts
    counts = wanted.sum(axis=1).astype(int)
    ideal = np.concatenate([[0], np.cumsum(discounts)])[np.minimum(counts, 10)]
    return (gains[counts > 0] / ideal[counts > 0]).mean()


def test_personal_lists_clearly_beat_popular_ones(actions):
    weights, wanted = split(actions)
    assert (wanted.sum(axis=1) > 0).sum() >= 200
    popular = mean_ndcg(np.tile((weights > 0).sum(axis=0), (len(weights), 1)), weights, wanted)
    left, sizes, right = np.linalg.svd(np.log1p(weights), full_matrices=False)
    factors = (left[:, :12] * sizes[:12]) @ right[:12]
    assert mean_ndcg(factors, weights, wanted) > 1.5 * popular
    together = np.log1p(weights).T @ np.log1p(weights)
    lengths = np.sqrt(np.diag(together))
    neighbours = np.log1p(weights) @ (together / np.outer(lengths, lengths))
    assert mean_ndcg(neighbours, weights, wanted) > 1.5 * popular


def test_a_purchase_is_followed_by_what_goes_with_it(actions):
    complements = build_world(SAMPLE).catalogue.complements
    bought = actions[actions["kind"] == "purchase"][["user_id", "item_id", "moment"]]
    pairs = bought.merge(actions, on="user_id", suffixes=("", "_next"))
    gap = pairs["moment_next"] - pairs["moment"]
    near = gap.abs().between(pd.Timedelta(hours=12), pd.Timedelta(days=14))
    partners = complements[pairs["item_id"].str[1:].astype(int)]
    fits = (partners == pairs["item_id_next"].str[1:].astype(int).to_numpy()[:, None]).any(axis=1)
    after = (near & (gap > pd.Timedelta(0))).to_numpy()
    ahead = (near & (gap < pd.Timedelta(0))).to_numpy()
    # The same pairs in the other direction in time show what popularity and taste explain.
    assert fits[after].mean() > 3 * fits[ahead].mean()


def test_few_purchases_repeat_an_earlier_one(actions):
    bought = actions[actions["kind"] == "purchase"]
    assert bought.duplicated(["user_id", "item_id"]).mean() < 0.1


def test_popularity_has_a_long_tail(actions):
    counts = np.sort(actions.groupby("item_id").size().to_numpy())[::-1]
    top = counts[: SAMPLE.items // 10].sum() / counts.sum()
    assert 0.2 < top < 0.6
    assert counts.size > 0.9 * SAMPLE.items


def test_the_page_about_the_sample_tells_its_rates_and_rows(made):
    _, summary = made
    page = (SHIPPED / "README.md").read_text().splitlines()
    cells = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in page if "|" in line]
    told = {row[0]: (float(row[1]), int(row[2].replace(",", ""))) for row in cells if len(row) == 4
            and row[0] in summary.dirt}  # fmt: skip
    rates = asdict(SAMPLE.dirt) | {"bot": SAMPLE.dirt.bot_users}
    # One of the six forms of an impossible value says that there is none.
    rates["missing_value"] = round(rates["impossible_value"] / 6, 9)
    rates["impossible_value"] -= rates["missing_value"]
    assert told == {reason: (rates[reason], count) for reason, count in summary.dirt.items()}
    files = {row[0].removesuffix(".parquet"): row for row in cells if len(row) == 3}
    for name in FILES:
        table = pq.read_table(SHIPPED / f"{name}.parquet")
        assert files[name][1] == f"{table.num_rows:,}"
        assert files[name][2].split(", ") == table.column_names
