import numpy as np
import pytest
from scipy.sparse import csr_matrix

from ml.off_policy.log import LoggedActions, Target, list_target, uniform_target


def log(**changed):
    columns = {
        "users": np.array([0, 0]),
        "requests": np.array([0, 0]),
        "places": np.array([1, 2]),
        "actions": np.array([0, 1]),
        "propensities": np.array([0.5, 0.5]),
        "outcomes": np.array([0.0, 1.0]),
    }
    return LoggedActions(**{**columns, **changed})


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="equally long"):
        log(actions=np.array([0]))


def test_a_place_before_the_first_is_refused():
    with pytest.raises(ValueError, match="places must be >= 1, got 0"):
        log(places=np.array([0, 1]))


@pytest.mark.parametrize("outcome", [-1.0, np.nan, np.inf])
def test_an_outcome_that_is_no_gain_is_refused(outcome):
    with pytest.raises(ValueError, match="outcomes must be finite and >= 0"):
        log(outcomes=np.array([0.0, outcome]))


def test_a_target_with_more_than_certainty_is_refused():
    with pytest.raises(ValueError, match=r"sum to <= 1, got 1\.5"):
        Target(csr_matrix([[0.75, 0.75]]), np.zeros(2, dtype=int))
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        Target(csr_matrix([[-0.5, 1.0]]), np.zeros(2, dtype=int))


def test_a_uniform_policy_gives_every_action_the_same_chance():
    assert uniform_target(2, 4).of(np.array([0, 3])).tolist() == [0.25, 0.25]


def test_a_list_shows_one_item_at_a_place():
    # Place 1 of the list is item 2, place 2 is item 0.
    target = list_target(np.array([0, 1]), np.array([2, 0]), 2, 3, np.array([0, 0, 1]))
    assert target.of(np.array([2, 1, 0])).tolist() == [1.0, 0.0, 1.0]
