from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from ml.als import AlsParams
from ml.ranker_params import RankerParams
from ml.search_space import ALS, BLEND, RANKER, SPACES, SQL, Range, rounded, widened

PROJECT = Path(__file__).parents[3] / "dbt_project.yml"


@pytest.mark.parametrize(("space", "params"), [(ALS, AlsParams), (RANKER, RankerParams)])
def test_what_is_searched_is_a_field_of_the_model(space, params):
    types = {column.name: column.type for column in fields(params)}
    assert set(space) <= set(types)
    assert {name for name, bounds in space.items() if bounds.is_whole} == {
        name for name in space if types[name] in (int, "int")
    }


def test_both_ends_of_each_range_can_be_used():
    for name in ("low", "high"):
        for space, params in ((ALS, AlsParams), (RANKER, RankerParams)):
            ends = {key: getattr(bounds, name) for key, bounds in space.items()}
            assert params(**ends)


@pytest.mark.parametrize("space", [SQL, BLEND])
def test_what_is_searched_in_sql_is_a_variable_of_dbt(space):
    defaults = yaml.safe_load(PROJECT.read_text())["vars"]
    assert set(space) <= set(defaults)
    assert not set(SQL) & set(BLEND)
    assert all(bounds.low <= defaults[name] <= bounds.high for name, bounds in space.items())


@pytest.mark.parametrize("bounds", [(2, 2, False), (3, 2, False), (0, 1, True), (-1, 1, True)])
def test_a_range_without_choice_is_refused(bounds):
    with pytest.raises(ValueError, match="low must be"):
        Range(*bounds)


def test_a_present_value_outside_of_its_range_widens_it():
    space = {"a": Range(1, 10, is_log=True), "b": Range(0, 1)}
    assert widened(space, {"a": 5, "b": 0.5}) == space
    assert widened(space, {"a": 0.5, "b": 3})["a"] == Range(0.5, 10, is_log=True)
    assert widened(space, {"a": 20, "b": 3})["b"] == Range(0, 3)
    assert widened(space, {"a": 20, "b": -1})["b"] == Range(-1, 1)
    # A logarithm of 0 there is not.
    assert widened(space, {"a": 0, "b": 0}) == space


def test_three_digits_are_written_down():
    assert rounded(0.0123456) == 0.0123
    assert rounded(123.456) == 123.0
    assert rounded(12345) == 12345


def test_the_parts_are_searched_in_the_order_in_which_they_build_on_each_other():
    assert list(SPACES) == ["sql", "als", "blend", "ranker"]
