import shutil
from dataclasses import asdict, fields
from pathlib import Path

import pytest
import yaml

from ml.als import AlsParams
from ml.diversity import DiversityParams
from ml.ranker_params import RankerParams
from orchestration.assets.learning import CandidateConfig
from orchestration.assets.ranking import RankerConfig
from orchestration.mapping import MappingError, dbt_vars, load_mapping, settings_file
from orchestration.resources import MappedLog
from orchestration.reviewed import (
    ReviewedSettings,
    SettingsFileError,
    load_reviewed,
    overridden,
    sql_defaults,
)
from orchestration.settings import PROJECT_ROOT


@pytest.fixture
def project(tmp_path) -> Path:
    """Return a project with the real variables of dbt and one shipped mapping, `shop`."""
    shutil.copy(PROJECT_ROOT / "dbt_project.yml", tmp_path)
    (tmp_path / "mappings").mkdir()
    columns = {name: name for name in ("user_id", "item_id", "event_type", "occurred_at")}
    mapping = {"name": "shop", "events": {"relation": "events.csv", "columns": columns}}
    (tmp_path / "mappings" / "shop.yml").write_text(yaml.safe_dump({"mapping": mapping}))
    return tmp_path


@pytest.fixture
def mapping(project):
    return load_mapping("shop", project)


def problems(project, mapping, text) -> list[str]:
    """Load settings that are wrong; return the lines of the message after the first."""
    file = settings_file(mapping)
    file.write_text(text)
    with pytest.raises(SettingsFileError) as error:
        load_reviewed(mapping, project)
    first, *lines = str(error.value).splitlines()
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    assert first == f"{count} in the settings file {file}:"
    return [line.removeprefix("- ") for line in lines]


def test_the_file_lies_beside_the_mapping(project, mapping):
    assert settings_file(mapping) == project / "mappings" / "shop.settings.yml"


def test_without_a_file_everything_is_at_its_default(project, mapping):
    reviewed = load_reviewed(mapping, project)
    assert reviewed == ReviewedSettings(sql={}, als=AlsParams(), ranker=RankerParams(), file=None)
    assert reviewed.changes() == {}


@pytest.mark.parametrize("text", ["", "# Nothing was better.\n", "{}\n"])
def test_a_file_without_keys_changes_nothing(project, mapping, text):
    settings_file(mapping).write_text(text)
    reviewed = load_reviewed(mapping, project)
    assert reviewed.file == settings_file(mapping)
    assert reviewed.changes() == {}


def test_what_is_written_overrides_and_the_rest_keeps_its_default(project, mapping):
    settings_file(mapping).write_text(
        """\
        sql:
          covisitation_window: 9
          history_half_life_days: 12.5
        als:
          factors: 8
        ranker:
          l2: 3
        """
    )
    reviewed = load_reviewed(mapping, project)
    assert reviewed.sql == {"covisitation_window": 9, "history_half_life_days": 12.5}
    assert asdict(reviewed.als) == {**asdict(AlsParams()), "factors": 8}
    assert asdict(reviewed.ranker) == {**asdict(RankerParams()), "l2": 3.0}
    assert reviewed.changes() == {
        "sql": {"covisitation_window": 9, "history_half_life_days": 12.5},
        "als": {"factors": 8},
        "ranker": {"l2": 3.0},
    }


def test_dbt_gets_the_overrides_beside_the_mapping(project, mapping):
    settings_file(mapping).write_text("sql: {covisitation_window: 9}\n")
    log = MappedLog(home=str(project), mapping="shop", project_root=str(project))
    assert log.dbt_vars() == {**dbt_vars(mapping), "covisitation_window": 9}


def test_settings_are_no_mapping_that_is_shipped(project, mapping):
    settings_file(mapping).write_text("als: {factors: 8}\n")
    with pytest.raises(MappingError, match=r"shipped are shop$"):
        load_mapping("zzz", project)
    with pytest.raises(MappingError, match=r"shop\.settings"):
        load_mapping("shop.settings", project)


def test_every_key_of_dbt_and_of_the_models_may_be_written(project, mapping):
    whole = {
        "sql": sql_defaults(PROJECT_ROOT),
        "als": asdict(AlsParams()),
        "ranker": asdict(RankerParams()),
        "diversity": asdict(DiversityParams()),
    }
    settings_file(mapping).write_text(yaml.safe_dump(whole))
    reviewed = load_reviewed(mapping, project)
    assert reviewed.sql == whole["sql"]
    assert {"als", "ranker", "diversity"}.isdisjoint(reviewed.changes())
    assert "mapping" not in whole["sql"]
    assert "covisitation_window" in whole["sql"]


def test_slips_of_the_pen_get_the_nearest_name_all_at_once(project, mapping):
    text = """\
        sql: {covisitation_windw: 9}
        als: {factor: 8}
        rankr: {l2: 3}
        """
    assert problems(project, mapping, text) == [
        "sql.covisitation_windw: is not a known key; did you mean 'covisitation_window'?",
        "als.factor: is not a known key; did you mean 'factors'?",
        "rankr: is not a known key; did you mean 'ranker'?",
    ]


def test_a_name_like_no_other_gets_all_there_are(project, mapping):
    (line,) = problems(project, mapping, "als: {zzz: 8}\n")
    known = ", ".join(column.name for column in fields(AlsParams))
    assert line == f"als.zzz: is not a known key; known are {known}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "sql: {covisitation_window: 2.5}",
            "sql.covisitation_window: 2.5 must be a whole number; write it in digits",
        ),
        (
            "sql: {covisitation_window: true}",
            "sql.covisitation_window: True must be a whole number; write it in digits",
        ),
        (
            "sql: {history_items: -1}",
            "sql.history_items: -1 must be >= 1; write 1 or more",
        ),
        (
            "sql: {recommendations_per_user: 0}",
            "sql.recommendations_per_user: 0 must be >= 1; write 1 or more",
        ),
        (
            "sql: {session_gap_minutes: 0.5}",
            "sql.session_gap_minutes: 0.5 must be a whole number; write it in digits",
        ),
        (
            "sql: {session_gap_minutes: 0}",
            "sql.session_gap_minutes: 0 must be >= 1; write 1 or more",
        ),
        (
            "sql: {experiment_habit_days: 1.5}",
            "sql.experiment_habit_days: 1.5 must be a whole number; write it in digits",
        ),
        (
            "sql: {experiment_lateness_days: 1.5}",
            "sql.experiment_lateness_days: 1.5 must be a whole number; write it in digits",
        ),
        (
            "sql: {experiment_lateness_days: -1}",
            "sql.experiment_lateness_days: -1 must be >= 0; write 0 or more",
        ),
        (
            "sql: {holdout_share: 0.9}",
            "sql.holdout_share: 0.9 must be <= 0.5; write 0.5 or less",
        ),
        (
            "sql: {holdout_share: -0.1}",
            "sql.holdout_share: -0.1 must be >= 0; write 0 or more",
        ),
        (
            "sql: {history_half_life_days: 0}",
            "sql.history_half_life_days: 0 must be > 0; write more than 0",
        ),
        (
            "sql: {covisitation_item_power: -0.1}",
            "sql.covisitation_item_power: -0.1 must be >= 0; write 0 or more",
        ),
        (
            "sql: {covisitation_item_power: 1e-1}",
            "sql.covisitation_item_power: '1e-1' must be a number; write it in digits, such as 0.5",
        ),
        (
            "als: {regularization: .inf}",
            "als.regularization: inf must be a finite number; write it in digits, such as 0.5",
        ),
        ("als: {factors: }", "als.factors: is empty; write a value, or leave the key out"),
        ("als: {factors: 0}", "als: factors must be >= 1, got 0; correct it"),
        ("als: {seed: -1}", "als: seed must be >= 0, got -1; correct it"),
        ("ranker: {leaves: 1}", "ranker: leaves must be >= 2, got 1; correct it"),
        (
            "ranker: {learning_rate: 0.0}",
            "ranker: learning_rate must be in (0, 1], got 0.0; correct it",
        ),
        (
            "gates: {least_coverage_ratio: -0.5}",
            "gates: least_coverage_ratio must be >= 0, got -0.5; correct it",
        ),
        (
            "ranker: {stopping_share: 0.9, calibration_share: 0.2}",
            "ranker: held-out shares must be > 0 and sum to < 1, got (0.9, 0.2); correct it",
        ),
        (
            "ranker: {labels: clicks}",
            "ranker: labels must be one of choose, time, impressions, got 'clicks'; correct it",
        ),
        ("- als", "settings: ['als'] must hold keys; known are sql, als, ranker, diversity"),
        ("als: 8", "als: 8 must hold keys; known are "),
        ("sql: [1", "settings: cannot be read as YAML, line 2: "),
    ],
)
def test_a_value_that_cannot_be_is_refused(project, mapping, text, problem):
    (line,) = problems(project, mapping, f"{text}\n")
    assert line.startswith(problem)


def test_the_choice_of_a_run_wins_over_the_settings():
    reviewed = AlsParams(factors=8, iterations=3, seed=5)
    assert overridden(reviewed, CandidateConfig()) == reviewed
    assert overridden(reviewed, CandidateConfig(factors=16, seed=0)) == AlsParams(
        factors=16, iterations=3, seed=0
    )
    assert overridden(RankerParams(l2=1.0), RankerConfig(iterations=7)) == RankerParams(
        l2=1.0, iterations=7
    )


def test_only_of_what_can_be_left_out_there_may_be_none(project, mapping):
    """SQL divides by a half-life, an empty list is none, a session ends after some pause."""
    numbers = sql_defaults(PROJECT_ROOT)
    lines = problems(project, mapping, yaml.safe_dump({"sql": dict.fromkeys(numbers, 0)}))
    refused = {line.split(":")[0].removeprefix("sql.") for line in lines}
    assert {name for name in numbers if name.endswith("_half_life_days")} < refused
    assert set(numbers) - refused == {
        "training_cutoffs",
        "covisitation_backward_weight",
        "covisitation_distance_power",
        "covisitation_length_power",
        "covisitation_item_power",
        "covisitation_neighbour_power",
        "covisited_per_user",
        "repeats_per_user",
        "popular_per_user",
        "blend_als_weight",
        "blend_covisited_weight",
        "blend_repeat_weight",
        "novelty_weight",
        "freshness_weight",
        "experiment_habit_days",
        "experiment_lateness_days",
        "holdout_share",
    }


def test_what_is_no_half_life_power_weight_or_share_is_a_whole_number(project, mapping):
    numbers = sql_defaults(PROJECT_ROOT)
    halves = dict.fromkeys((name for name in numbers if name != "holdout_share"), 1.5)
    lines = problems(project, mapping, yaml.safe_dump({"sql": halves}))
    ends = ("_half_life_days", "_power", "_weight")
    assert [line.split(":")[0] for line in lines] == [
        f"sql.{name}" for name in halves if not name.endswith(ends)
    ]
    assert all("must be a whole number" in line for line in lines)
