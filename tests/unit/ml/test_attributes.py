import numpy as np
import pandas as pd
import pytest

from ml.attributes import AttributeEncoder, encode, fit_encoder
from ml.explanations import explain_scores
from ml.ranker_params import RankerParams
from ml.ranker_trees import ranker_tables
from ml.ranking import fit_ranker, score_frame


@pytest.fixture
def frame():
    return pd.DataFrame(
        {"rank": [1, 2, 3], "land": ["no", "bt", None], "floor": ["2", "-1.5", None]}
    )


def test_words_become_their_places_in_the_alphabet(frame):
    encoded = encode(fit_encoder(frame, ["land"]), frame)
    np.testing.assert_array_equal(encoded["land"], [1.0, 0.0, np.nan])
    assert list(encoded["rank"]) == [1, 2, 3]


def test_numbers_stay_numbers(frame):
    encoded = encode(fit_encoder(frame, ["floor"]), frame)
    np.testing.assert_array_equal(encoded["floor"], [2.0, -1.5, np.nan])


def test_one_word_among_numbers_makes_all_of_them_words(frame):
    mixed = frame.assign(floor=["2", "ground", "10"])
    encoder = fit_encoder(mixed, ["floor"])
    assert encoder.categories == {"floor": ("10", "2", "ground")}


def test_what_training_has_not_met_is_missing(frame):
    encoder = fit_encoder(frame, ["land", "floor"])
    later = pd.DataFrame({"land": ["fr", "no"], "floor": ["cellar", "inf"]})
    encoded = encode(encoder, later)
    np.testing.assert_array_equal(encoded["land"], [np.nan, 1.0])
    np.testing.assert_array_equal(encoded["floor"], [np.nan, np.nan])


def test_a_column_without_values_is_missing_everywhere(frame):
    empty = frame.assign(land=None)
    encoded = encode(fit_encoder(empty, ["land"]), empty)
    assert encoded["land"].isna().all()


def test_the_order_of_rows_does_not_matter(frame):
    assert fit_encoder(frame, ["land", "floor"]) == fit_encoder(frame[::-1], ["land", "floor"])


def test_without_attributes_nothing_changes(frame):
    assert encode(AttributeEncoder(), frame) is frame


def test_an_attribute_that_is_absent_is_named(frame):
    with pytest.raises(KeyError, match="lacks the attributes \\['city'\\]"):
        fit_encoder(frame, ["city"])


def test_a_ranker_learns_from_an_attribute_and_is_explained_with_it():
    random = np.random.default_rng(1)
    land = random.choice(["bt", "fr", "no"], 4000)
    labels = random.uniform(size=4000) < np.where(land == "fr", 0.6, 0.1)
    rows = pd.DataFrame({"rank": random.integers(1, 9, 4000), "land": land})
    users = random.integers(0, 400, 4000).astype(str)
    params = RankerParams(iterations=60, learning_rate=0.1, max_features=1.0)
    ranker = fit_ranker(rows, labels, ["rank", "land"], users, params, attributes=["land"])
    asked = pd.DataFrame({"rank": 5, "land": ["bt", "fr", "no", "zz", None]})
    scored = score_frame(ranker, asked)
    assert scored["score"][1] > 2 * max(scored["score"][0], scored["score"][2])
    assert scored["score"][3] == scored["score"][4]
    explained = explain_scores(ranker_tables(ranker), asked)
    np.testing.assert_allclose(explained.raw_scores, scored["raw_score"], atol=1e-9)
    assert explained.shap_values["land"][1] > 0 > explained.shap_values["land"][0]
