import numpy as np
import pandas as pd
import pytest

from ml.sampling import hash_fractions, row_order, sample_negatives_by_share


def log(size):
    return pd.DataFrame(
        {
            "user_id": [f"u{n % 97}" for n in range(size)],
            "item_id": [f"i{n}" for n in range(size)],
            "number": np.arange(size),
        }
    )


def test_no_column_gives_the_published_first_number_of_splitmix64():
    keyless = pd.DataFrame(index=range(2))
    assert list(hash_fractions(keyless, seed=0)) == [(0xE220A8397B1DCDAF >> 11) / 2**53] * 2


def test_fractions_are_uniform():
    fractions = hash_fractions(log(20_000)["item_id"], seed=1)
    counts = np.histogram(fractions, bins=20, range=(0, 1))[0]
    # Chi-square with 19 degrees of freedom exceeds 43.8 once in a thousand times.
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8


def test_another_seed_or_column_draws_independently():
    frame = log(20_000)
    draws = [
        hash_fractions(frame["item_id"], seed=0),
        hash_fractions(frame["item_id"], seed=1),
        hash_fractions(frame[["user_id", "item_id"]], seed=0),
        hash_fractions(frame[["item_id", "user_id"]], seed=0),
    ]
    correlations = np.corrcoef(draws)[np.triu_indices(4, 1)]
    assert np.abs(correlations).max() < 0.03


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(pd.Series(["a", "b"]), pd.Series(["a", "b"], dtype="string"), id="text"),
        pytest.param(pd.Series([1, 2]), pd.Series([1.0, 2.0]), id="numbers"),
        pytest.param(pd.Series([1, None], dtype="Int64"), pd.Series([1, np.nan]), id="missing"),
        pytest.param(pd.Series([0.0]), pd.Series([-0.0]), id="zeros"),
        pytest.param(
            pd.Series(pd.to_datetime(["2020-01-01"])),
            pd.Series(pd.to_datetime(["2020-01-01"])).astype("datetime64[s]"),
            id="moments",
        ),
    ],
)
def test_equal_values_draw_equal_numbers_however_they_are_stored(first, second):
    np.testing.assert_array_equal(hash_fractions(first, 3), hash_fractions(second, 3))


def test_row_order_brings_any_order_to_the_same():
    frame = log(50)
    shuffled = frame.sample(frac=1, random_state=2)
    first, second = (one.iloc[row_order(one)].reset_index(drop=True) for one in (frame, shuffled))
    pd.testing.assert_frame_equal(first, second)
    assert list(first["number"]) != sorted(first["number"])


def test_nothing_has_no_order():
    assert row_order(log(0)).size == 0


def test_keeps_all_positives_in_the_order_of_the_rows():
    frame = log(1000)
    labels = frame["number"].to_numpy() < 30
    sample = sample_negatives_by_share(frame, labels, ["user_id", "item_id"], share=0.25, seed=0)
    positive = sample["number"] < 30
    assert int(positive.sum()) == 30
    assert list(sample.loc[positive, "sample_weight"].unique()) == [1.0]
    assert list(sample.loc[~positive, "sample_weight"].unique()) == [4.0]
    assert sample["number"].is_monotonic_increasing


def test_the_order_of_rows_does_not_matter():
    frame = log(1000).assign(label=lambda rows: rows["number"] % 40 == 0)
    shuffled = frame.sample(frac=1, random_state=5)
    first, second = (
        sample_negatives_by_share(one, one["label"], ["user_id", "item_id"], share=0.1, seed=8)
        for one in (frame, shuffled)
    )
    pd.testing.assert_frame_equal(first, second.sort_index())


def test_the_kept_negatives_are_a_fair_sample():
    frame = log(20_000)
    labels = np.arange(20_000) % 20 == 0
    sample = sample_negatives_by_share(frame, labels, ["item_id"], share=0.2, seed=1)
    negatives = sample.loc[sample["sample_weight"] > 1, "number"]
    # About 3800 uniform numbers below 20 000: the mean has a standard deviation of 94.
    assert abs(negatives.mean() - 10_000) < 4 * 94


def test_without_negatives_the_positives_remain():
    sample = sample_negatives_by_share(log(3), np.ones(3, dtype=bool), ["item_id"], 0.5, seed=0)
    assert list(sample["sample_weight"]) == [1.0, 1.0, 1.0]


def test_blocks_sampled_apart_make_the_sample_of_the_whole():
    frame = log(5000).assign(label=lambda rows: rows["number"] % 50 == 0)
    whole = sample_negatives_by_share(frame, frame["label"], ["item_id"], share=0.2, seed=3)
    parts = [
        sample_negatives_by_share(part, part["label"], ["item_id"], share=0.2, seed=3)
        for part in (frame.iloc[:1], frame.iloc[1:20], frame.iloc[20:])
    ]
    pd.testing.assert_frame_equal(whole, pd.concat(parts))
    assert whole["label"].sum() == 100
    assert set(whole.loc[whole["label"], "sample_weight"]) == {1.0}
    # 4900 draws at 0.2: standard deviation 28.
    assert abs(len(whole) - 100 - 980) < 4 * 28
    assert set(whole.loc[~whole["label"], "sample_weight"]) == {5.0}


def test_a_share_of_one_keeps_everything():
    sample = sample_negatives_by_share(log(9), np.zeros(9, dtype=bool), ["item_id"], 1.0, seed=0)
    assert list(sample["sample_weight"]) == [1.0] * 9


@pytest.mark.parametrize("share", [0.0, 1.1, float("nan")])
def test_refuses_a_share_that_is_no_chance(share):
    with pytest.raises(ValueError, match=r"share must be in \(0, 1\], got"):
        sample_negatives_by_share(log(1), np.ones(1), ["item_id"], share, seed=0)
