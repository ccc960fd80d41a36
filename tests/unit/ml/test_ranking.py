import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from ml.ranker_booster import fit_boosters
from ml.ranker_params import LARGEST_SEED, RankerParams
from ml.ranker_quality import ranker_quality
from ml.ranking import fit_ranker, score_frame
from ml.sampling import hash_fractions, sample_negatives_by_share

FEATURES = ["affinity", "recency_days", "noise"]


def candidates(users, per_user, seed, intercept=-3.5):
    """Simulate candidates whose true probability of being taken is known."""
    random = np.random.default_rng(seed)
    size = users * per_user
    frame = pd.DataFrame(
        {
            "user_id": np.repeat([f"u{seed}_{n}" for n in range(users)], per_user),
            "item_id": np.tile([f"i{n}" for n in range(per_user)], users),
            "affinity": random.normal(size=size),
            "recency_days": random.exponential(10, size),
            "noise": random.normal(size=size),
        }
    )
    truth = expit(intercept + 1.5 * frame["affinity"] - 0.05 * frame["recency_days"])
    return frame.assign(truth=truth, label=random.random(size) < truth)


def labelled_by_user(seed):
    """Draw labels that depend on the user alone: of a new user nothing can be known."""
    random = np.random.default_rng(seed)
    users = np.repeat(np.arange(300), 40)
    taste = random.choice([0.05, 0.6], 300)
    frame = pd.DataFrame({"affinity": users, "recency_days": 0.0, "noise": 0.0})
    return frame.assign(user_id=users.astype(str), label=random.random(users.size) < taste[users])


def fit(frame, params=RankerParams(), **more):  # noqa: B008
    return fit_ranker(frame, frame["label"], FEATURES, frame["user_id"], params, **more)


@pytest.fixture(scope="module")
def log():
    return candidates(users=1500, per_user=40, seed=1)


@pytest.fixture(scope="module")
def sample(log):
    labels, keys = log["label"].to_numpy(), ["user_id", "item_id"]
    # The share that keeps three negatives for each positive, to the row.
    share = np.sort(hash_fractions(log[keys], seed=0)[~labels])[3 * labels.sum()]
    return sample_negatives_by_share(log, labels, keys, share, seed=0)


@pytest.fixture(scope="module")
def ranker(sample):
    return fit(sample, weights=sample["sample_weight"])


@pytest.fixture(scope="module")
def fresh():
    return candidates(users=1500, per_user=40, seed=2)


def test_scores_are_probabilities_among_all_candidates_though_negatives_were_sampled(ranker, fresh):
    scores = score_frame(ranker, fresh)["score"]
    assert scores.between(0, 1).all()
    assert scores.mean() == pytest.approx(fresh["truth"].mean(), rel=0.1)
    metrics = ranker_quality(fresh["label"], scores).metrics.set_index("name")["value"]
    assert metrics["expected_calibration_error"] < 0.2 * metrics["base_rate"]


def test_without_weights_the_sampled_scores_are_too_high(sample, fresh):
    scores = score_frame(fit(sample), fresh)["score"]
    assert scores.mean() > 4 * fresh["truth"].mean()


def test_the_order_is_nearly_that_of_the_truth(ranker, fresh):
    raw_scores = score_frame(ranker, fresh)["raw_score"]
    assert raw_scores.corr(fresh["truth"], method="spearman") > 0.95


@pytest.mark.parametrize("users", [100, 10])
def test_rows_in_any_order_and_any_threads_give_the_same_ranker(fresh, users):
    few = candidates(users=users, per_user=40, seed=7, intercept=0.0)
    params = RankerParams(iterations=3, iterations_unchecked=3)
    first = fit(few, params)
    second = fit(few.sample(frac=1, random_state=3), params, threads=2)
    pd.testing.assert_frame_equal(
        score_frame(first, fresh.head(500)),
        score_frame(second, fresh.head(500), threads=2),
        check_exact=True,
    )


def test_rows_are_scored_one_by_one_as_together(ranker, fresh):
    some = fresh.head(30)
    apart = pd.concat([score_frame(ranker, some.iloc[[row]]) for row in range(30)])
    pd.testing.assert_frame_equal(score_frame(ranker, some), apart, check_exact=True)


def test_more_rows_than_a_batch_are_all_scored(ranker, fresh):
    many = pd.concat([fresh] * 4, ignore_index=True)
    scores = score_frame(ranker, many)["raw_score"].to_numpy()
    assert len(many) > 200_000
    np.testing.assert_array_equal(scores, np.tile(scores[: len(fresh)], 4))


def test_infinities_and_nulls_score_like_nan(ranker):
    values = pd.array([np.nan, None], dtype="Float64")
    rows = pd.DataFrame({"affinity": [np.inf, -np.inf], "recency_days": values, "noise": np.nan})
    nothing = pd.DataFrame({name: [np.nan] for name in FEATURES})
    expected = score_frame(ranker, nothing)["raw_score"].iloc[0]
    assert list(score_frame(ranker, rows)["raw_score"]) == [expected, expected]


@pytest.mark.parametrize("values", [0, 1, 39])
@pytest.mark.parametrize("users", [4, 300])
def test_features_with_hardly_a_value_are_not_learned_from(log, values, users):
    few = log.head(users * 40)
    rare = few["label"].where(np.arange(len(few)) < values).astype("float64")
    ranker, plain = (fit(few.assign(noise=noise)) for noise in (rare, np.nan))
    assert score_frame(ranker, few)["score"].notna().all()
    pd.testing.assert_frame_equal(
        score_frame(ranker, few), score_frame(plain, few.assign(noise=1.0))
    )


def test_no_rows_have_no_scores(ranker, fresh):
    empty = score_frame(ranker, fresh.head(0))
    assert list(empty.columns) == ["score", "raw_score"]
    assert empty.empty


def test_taste_of_known_users_is_not_mistaken_for_knowledge_of_new_ones():
    frame = labelled_by_user(seed=4)
    scores = score_frame(fit(frame), frame)["score"]
    metrics = ranker_quality(labelled_by_user(seed=5)["label"], scores).metrics.set_index("name")[
        "value"
    ]
    assert metrics["log_loss"] < 1.03 * metrics["log_loss_of_base_rate"]


def test_a_handful_of_rows_is_fitted_and_only_shifted():
    frame = candidates(users=3, per_user=10, seed=5, intercept=0.0)
    ranker = fit(frame, weights=np.where(frame["label"], 1.0, 4.0))
    assert ranker.calibrator.method == "prior"
    assert ranker.calibrator.intercept == pytest.approx(-np.log(4))
    assert ranker.boosters[0].n_iter_ == RankerParams.iterations_unchecked


def test_held_out_users_decide_when_to_stop(ranker):
    assert ranker.boosters[0].n_iter_ < RankerParams.iterations


def test_the_mean_of_several_fits_is_nearer_to_the_truth(sample, fresh):
    """Each fit is what its seed gives but for its calibration, and their mean errs less."""
    params = RankerParams(fits=3, leaf_rows=40, l2=1.0, learning_rate=0.1)
    together = fit(sample, params, weights=sample["sample_weight"])
    inputs = fresh[FEATURES].to_numpy()
    raw_scores = [booster.decision_function(inputs) for booster in together.boosters]
    scored = score_frame(together, fresh)
    np.testing.assert_array_equal(scored["raw_score"], np.mean(raw_scores, axis=0))
    truth = logit(fresh["truth"])
    errors = [np.var(raw - truth) for raw in raw_scores]
    assert np.var(scored["raw_score"] - truth) < 0.8 * np.mean(errors)
    assert len(set(errors)) == 3
    assert scored["score"].mean() == pytest.approx(fresh["truth"].mean(), rel=0.1)


def test_the_first_of_several_fits_is_the_only_one_of_a_single_fit(sample, fresh):
    first, second = (
        fit(sample, RankerParams(fits=fits, iterations=5)).boosters[0] for fits in (1, 2)
    )
    inputs = fresh[FEATURES].to_numpy()
    np.testing.assert_array_equal(first.decision_function(inputs), second.decision_function(inputs))


def test_no_fit_has_seen_the_users_that_calibrate():
    frame = labelled_by_user(seed=4)
    inputs = frame[FEATURES].to_numpy(dtype=np.float64)
    boosters, held_out = fit_boosters(
        inputs,
        frame["label"].to_numpy(),
        None,
        frame["user_id"],
        RankerParams(fits=4, leaf_rows=40, l2=0.0, max_features=1.0, leaves=200),
        rising=False,
    )
    assert 0.05 < held_out.mean() < 0.15
    for booster in boosters:
        raw = booster.decision_function(inputs)
        seen, unseen = (
            roc_auc_score(frame["label"][rows], raw[rows]) for rows in (~held_out, held_out)
        )
        assert seen > unseen + 0.1


def test_the_seed_after_the_largest_is_the_first():
    few = candidates(users=100, per_user=40, seed=7, intercept=0.0)
    ranker = fit(few, RankerParams(seed=LARGEST_SEED, fits=3, iterations=3))
    assert [booster.random_state for booster in ranker.boosters] == [LARGEST_SEED, 0, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": False}, "no positives"),
        ({"label": True}, "no negatives"),
        ({"sample_weight": 0.0}, "40 weights are not > 0"),
        ({"sample_weight": np.nan}, "40 weights are not > 0"),
        ({"noise": "loud"}, r"features \['noise'\] are not numeric"),
    ],
)
def test_refuses(change, message):
    frame = candidates(users=2, per_user=20, seed=6, intercept=0.0)
    frame = frame.assign(sample_weight=1.0).assign(**change)
    with pytest.raises(ValueError, match=message):
        fit(frame, weights=frame["sample_weight"])


def test_refuses_columns_that_do_not_belong_together():
    frame = candidates(users=2, per_user=20, seed=6, intercept=0.0)
    with pytest.raises(ValueError, match="40 rows, 39 labels, 40 users, 40 weights"):
        fit_ranker(frame, frame["label"][:-1], FEATURES, frame["user_id"], RankerParams())


def test_refuses_a_frame_without_a_feature(ranker, log):
    with pytest.raises(KeyError, match=r"lacks the features \['noise'\]"):
        score_frame(ranker, log.drop(columns="noise"))


@pytest.mark.parametrize("shares", [(0.0, 0.2), (0.5, 0.5)])
def test_refuses_shares_that_leave_nobody(shares):
    with pytest.raises(ValueError, match="must be > 0 and sum to < 1"):
        RankerParams(stopping_share=shares[0], calibration_share=shares[1])


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("iterations", 0, ">= 1"),
        ("iterations_unchecked", 0, ">= 1"),
        ("leaves", 1, ">= 2"),
        ("leaf_rows", 0, ">= 1"),
        ("patience", 0, ">= 1"),
        ("seed", -1, ">= 0"),
        ("seed", 2**32, "<= 4294967295"),
        ("learning_rate", 0.0, r"in \(0, 1\]"),
        ("learning_rate", 1.1, r"in \(0, 1\]"),
        ("max_features", 0.0, r"in \(0, 1\]"),
        ("max_features", float("nan"), r"in \(0, 1\]"),
        ("l2", -1.0, ">= 0 and finite"),
        ("negatives_per_positive", 0.0, "> 0 and finite"),
        ("negatives_per_positive", float("inf"), "> 0 and finite"),
    ],
)
def test_refuses_what_it_cannot_learn_with(name, value, rule):
    with pytest.raises(ValueError, match=f"^{name} must be {rule}, got {value}$"):
        RankerParams(**{name: value})


def test_a_rising_ranker_keeps_the_order_of_its_feature(sample, fresh):
    ranker = fit_ranker(
        sample,
        sample["label"],
        ["noise"],
        sample["user_id"],
        RankerParams(),
        sample["sample_weight"],
        rising=True,
    )
    scored = score_frame(ranker, fresh)["raw_score"].to_numpy()
    assert (np.diff(scored[np.argsort(fresh["noise"])]) >= 0).all()
    free = fit_ranker(sample, sample["label"], ["recency_days"], sample["user_id"], RankerParams())
    falling = score_frame(free, fresh)["raw_score"].to_numpy()[np.argsort(fresh["recency_days"])]
    assert falling[0] > falling[-1]


def test_label_weights_move_the_order_and_not_what_the_probabilities_are_shares_of(sample, fresh):
    # Positives of high affinity count ten times: as if affinity told much more than it does.
    heavy = np.where(sample["label"] & (sample["affinity"] > 1), 10.0, 1.0)
    weights = sample["sample_weight"]
    scores = score_frame(fit(sample, weights=weights, label_weights=heavy), fresh)
    assert scores["score"].mean() == pytest.approx(fresh["truth"].mean(), rel=0.1)
    plain = score_frame(fit(sample, weights=weights), fresh)
    drift = (scores["raw_score"] - plain["raw_score"]).groupby(fresh["affinity"] > 1.2).mean()
    assert drift[True] > drift[False] + 1


def test_label_weights_leave_the_bins_where_they_are(sample):
    draws = np.random.default_rng(3).uniform(0.01, 100, len(sample))
    edges = [
        fit(sample, label_weights=weights).boosters[0]._bin_mapper.bin_thresholds_
        for weights in (None, draws)
    ]
    for plain, weighted in zip(*edges, strict=True):
        np.testing.assert_array_equal(plain, weighted)


def test_without_rows_to_calibrate_by_the_rate_is_that_of_all_candidates():
    few = candidates(users=12, per_user=40, seed=9, intercept=-2.0)
    heavy = np.where(few["label"], 5.0, 1.0)
    params = RankerParams(iterations_unchecked=1, learning_rate=1e-6)
    scores = score_frame(fit(few, params, label_weights=heavy), few)["score"]
    assert scores.mean() == pytest.approx(few["label"].mean(), rel=0.01)
