import pickle
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from orchestration.mapping import MappingError, dbt_vars, load_mapping
from orchestration.settings import PROJECT_ROOT
from tests.unit.orchestration.mapping.checked import problems

SHIPPED = ["complete_journey", "deskdrop", "online_retail", "sample"]


@pytest.mark.parametrize("name", SHIPPED)
def test_dbt_gets_a_shipped_mapping_word_for_word(name):
    mapping = load_mapping(name, PROJECT_ROOT)
    written = yaml.safe_load((PROJECT_ROOT / "mappings" / f"{name}.yml").read_text())
    assert mapping.name == name
    assert dbt_vars(mapping) == written


def test_what_is_left_out_has_its_default_and_stays_out_of_dbt(write, shop, project):
    mapping = load_mapping(str(write(shop)), project)
    assert mapping.events.time_zone == "UTC"
    assert mapping.events.columns.session_id is None
    assert mapping.items is None
    assert mapping.as_of is None
    assert mapping.horizon_days == 28
    assert mapping.repeats is False
    assert mapping.bot_interactions_per_day is None
    assert dbt_vars(mapping) == {"mapping": shop}


def test_a_path_starts_here_or_at_the_project(write, shop, project, tmp_path, monkeypatch):
    file = write(shop)
    monkeypatch.chdir(tmp_path)
    assert load_mapping("shop.yml", project).file == file
    assert load_mapping("project/shop.yml", project).file == Path("project/shop.yml")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2024-01-31", datetime(2024, 1, 31)),
        ("2024-01-31 12:30:00", datetime(2024, 1, 31, 12, 30)),
        ("2024-01-31 12:30:00+02:00", datetime(2024, 1, 31, 10, 30)),
        ("'2024-01-31T12:30:00-05:00'", datetime(2024, 1, 31, 17, 30)),
    ],
)
def test_now_is_a_moment_in_utc(write, shop, project, written, moment):
    file = write(shop)
    file.write_text(file.read_text() + f"  as_of: {written}\n")
    mapping = load_mapping(str(file), project)
    assert mapping.as_of == moment
    assert dbt_vars(mapping)["mapping"]["as_of"] == str(moment)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("onlin_retail", "did you mean 'online_retail'?"),
        ("zzz", "shipped are complete_journey, deskdrop, online_retail, sample"),
    ],
)
def test_a_name_that_is_not_shipped_gets_the_nearest(name, remedy):
    with pytest.raises(MappingError) as error:
        load_mapping(name, PROJECT_ROOT)
    assert str(error.value) == (
        f"1 problem in the mapping {name}:\n"
        f"- mapping: {name!r} is neither a shipped mapping nor a file; {remedy}"
    )


@pytest.mark.parametrize("text", ["", "mapping:\n", "- a\n"])
def test_a_file_without_keys_is_refused(project, text):
    file = project / "shop.yml"
    file.write_text(text)
    (line,) = problems(file, project)
    assert "must hold keys; known are " in line


def test_a_file_that_is_no_yaml_is_refused_with_the_line(project):
    file = project / "shop.yml"
    file.write_text("mapping:\n  name: [shop\n")
    assert problems(file, project) == [
        "mapping: cannot be read as YAML, line 3: expected ',' or ']', but got '<stream end>'; "
        "correct the file"
    ]


def test_keys_outside_of_mapping_are_refused(write, shop, project):
    file = write(shop)
    file.write_text(file.read_text() + "horizon_days: 7\n")
    assert problems(file, project) == [
        "horizon_days: is not a known key; everything stands under the key mapping, indented"
    ]


def test_misspelt_keys_get_the_nearest_real_key(write, shop, project):
    shop["horizon_day"] = 14
    shop["events"]["timezone"] = "UTC"
    shop["events"]["columns"]["session"] = "visit"
    shop["users"] = {"relation": "u.csv", "columns": {"user_id": "id", "zebra": "stripes"}}
    assert problems(write(shop), project) == [
        "events.columns.session: is not a known key; did you mean 'session_id'?",
        "events.timezone: is not a known key; did you mean 'time_zone'?",
        "users.columns.zebra: is not a known key; known are user_id, signed_up_at, segment",
        "horizon_day: is not a known key; did you mean 'horizon_days'?",
    ]


def test_required_keys_are_named(write, shop, project):
    del shop["name"]
    del shop["events"]["relation"]
    del shop["events"]["columns"]["user_id"]
    assert problems(write(shop), project) == [
        "name: is required; add the key",
        "events.relation: is required; add the key",
        "events.columns.user_id: is required; add the key",
    ]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (
            "My Shop",
            "may hold a-z, 0-9 and _ only; it names a folder and rows of seeds/event_types.csv",
        ),
        ("dagster", "is the folder in which Dagster keeps its runs; choose another name"),
        ("mlflow", "is the folder in which MLflow keeps its records; choose another name"),
        (7, "must be text; put it in quotes"),
    ],
)
def test_a_name_must_be_fit_for_a_folder(write, shop, project, name, problem):
    shop["name"] = name
    assert problems(write(shop), project) == [f"name: {name!r} {problem}"]


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("horizon_days", 0, "0 must be >= 1; write 1 or more"),
        ("horizon_days", "28", "'28' must be a whole number; write it in digits"),
        ("bot_interactions_per_day", 0, "0 must be >= 1; write 1 or more"),
        ("repeats", "no", "'no' must be true or false; write one of the two, without quotes"),
        ("as_of", "soon", "'soon' is no moment; write it as 2024-01-31 00:00:00"),
        (
            "items",
            "items.csv",
            "'items.csv' must hold keys; known are relation, columns, attributes, "
            "ranker_attributes",
        ),
    ],
)
def test_a_setting_of_the_wrong_form_is_refused(write, shop, project, key, value, problem):
    shop[key] = value
    assert problems(write(shop), project) == [f"{key}: {problem}"]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "is empty; write a value, or leave the key out"),
        ("", "'' is no column name; write one in quotes, or leave the key out"),
        (3, "3 is no column name; write one in quotes, or leave the key out"),
        (["a", "b"], "['a', 'b'] is no column name; write one in quotes, or leave the key out"),
    ],
)
def test_a_column_must_be_one_name(write, shop, project, value, problem):
    shop["events"]["columns"]["session_id"] = value
    assert problems(write(shop), project) == [f"events.columns.session_id: {problem}"]


def test_a_time_zone_must_exist(write, shop, project):
    shop["events"]["time_zone"] = "Europe/Pariss"
    assert problems(write(shop), project) == [
        "events.time_zone: 'Europe/Pariss' is no time zone; did you mean 'Europe/Paris'?"
    ]


def test_the_default_of_dbt_is_the_sample():
    default = yaml.safe_load((PROJECT_ROOT / "dbt_project.yml").read_text())["vars"]["mapping"]
    assert {"mapping": default} == dbt_vars(load_mapping("sample", PROJECT_ROOT))


def test_another_process_can_pass_on_everything_that_is_wrong():
    with pytest.raises(MappingError) as refused:
        load_mapping("nowhere", PROJECT_ROOT)
    passed_on = pickle.loads(pickle.dumps(refused.value))
    assert str(passed_on) == str(refused.value)
    assert passed_on.problems == refused.value.problems
