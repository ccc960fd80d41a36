import numpy as np
import pandas as pd
import pytest

from ml.features import feature_matrix


def test_whatever_is_missing_or_infinite_becomes_nan():
    frame = pd.DataFrame(
        {
            "number": [1.5, np.inf, -np.inf],
            "count": pd.array([2, None, 3], dtype="Int64"),
            "flag": pd.array([True, False, None], dtype="boolean"),
            "plain_flag": [True, False, True],
        }
    )
    found = feature_matrix(frame, ["count", "number", "flag", "plain_flag"])
    expected = [[2, 1.5, 1, 1], [np.nan, np.nan, 0, 0], [3, np.nan, np.nan, 1]]
    np.testing.assert_array_equal(found, expected)


def test_objects_that_are_numbers_or_null_are_read():
    frame = pd.DataFrame(
        {"flag": [True, None, False], "nothing": [None] * 3, "count": [1, None, 2.5]}, dtype=object
    )
    found = feature_matrix(frame, ["flag", "nothing", "count"])
    expected = [[1, np.nan, 1], [np.nan, np.nan, np.nan], [0, np.nan, 2.5]]
    np.testing.assert_array_equal(found, expected)


def test_the_frame_is_left_alone():
    frame = pd.DataFrame({"number": [np.inf]})
    feature_matrix(frame, ["number"])
    assert frame["number"].iloc[0] == np.inf


def test_no_rows_make_a_matrix_without_rows():
    assert feature_matrix(pd.DataFrame({"number": [0.0]}).head(0), ["number"]).shape == (0, 1)


def test_names_the_columns_that_are_missing():
    with pytest.raises(KeyError, match=r"lacks the features \['a', 'c'\]"):
        feature_matrix(pd.DataFrame({"b": [1]}), ["c", "b", "a"])


@pytest.mark.parametrize("values", [["x"], ["1"], pd.to_datetime(["2026-01-01"])])
def test_names_the_columns_that_are_no_numbers(values):
    with pytest.raises(ValueError, match=r"features \['category'\] are not numeric"):
        feature_matrix(pd.DataFrame({"category": values}), ["category"])
