import json

import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.settings import PROJECT_ROOT

SNAPSHOT = """
create schema staging;
create schema evaluation;
create table staging.stg_catalog__items as
select * from (values
    ('i1', 'Lamp'), ('shop:id:77', ':gem: Mug'), ('x[/y]', 'Mug [red] large'), ('o''brien', '[/]')
) as items (item_id, title);
create macro recommend(user_key) as table
select
    1 as recommended_rank,
    if(user_key = 'u1', 'i1', user_key) as item_id,
    cast(0.25 as double) as score,
    'als' as source,
    'Chosen by people like ' || user_key as reason,
    null as evidence_item_id,
    3 as evidence_count,
    'r1' as release_id,
    timestamp '2026-01-01' as generated_at;
create macro similar_items(item_key) as table
select
    1 as neighbour_rank,
    item_key as neighbour_item_id,
    cast(0.5 as double) as score,
    'covisitation' as source,
    3 as support,
    'r1' as release_id,
    timestamp '2026-01-01' as generated_at;
create table evaluation.evl_metric_intervals as
select * from (values
    ('new_items', 'two_stage', 'ndcg_10', cast(0.3 as double), 0.2::double, 0.4::double, 9),
    ('new_items', 'two_stage', 'recall_10', 0.3, 0.2, 0.4, 9),
    ('new_items', 'two_stage', 'mrr_10', 0.3, 0.2, 0.4, 9)
) as intervals (setting, system, metric, value, lower, upper, user_count);
create table evaluation.evl_list_costs as
select * from (values
    ('mmr', 0.5::double, 0.28::double, -0.02::double, -0.03::double, -0.01::double, 0.5::double),
    ('plain', 0, 0.3, 0, 0, 0, 0.25)
) as costs (choice, strength, ndcg_10, difference, lower, upper, coverage)
cross join (values
    (cast(null as double), 3.0::double, 0.1::double, 9)
) as rest (category_diversity, novelty_bits, recent_item_share, user_count);
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPSHELF_HOME", str(tmp_path))
    monkeypatch.setenv("TOPSHELF_MAPPING", "sample")
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


@pytest.fixture
def published(home):
    (home / "sample").mkdir()
    with duckdb.connect(str(home / "sample" / "published.duckdb")) as connection:
        connection.execute(SNAPSHOT)


def called(*arguments):
    return CliRunner().invoke(app, arguments)


def unboxed(text: str) -> str:
    """Return what stands in boxes, in one line."""
    return " ".join(text.replace("│", " ").split())


def test_without_a_command_the_help_is_shown():
    assert "Start with `topshelf run`" in called().output


@pytest.mark.parametrize("command", ["run", "tune", "recommend", "similar", "evaluate"])
def test_every_command_explains_itself(command):
    result = called(command, "--help")
    assert result.exit_code == 0
    assert "--mapping" in result.output
    assert "--json" in result.output


@pytest.mark.parametrize("command", [("recommend", "u1"), ("similar", "i1"), ("evaluate",)])
@pytest.mark.usefixtures("home")
def test_before_the_first_run_it_says_what_to_do(command):
    result = called(*command)
    assert result.exit_code == 1
    assert "nothing is published yet" in result.stderr
    assert "`topshelf run --mapping sample` makes it" in result.stderr


@pytest.mark.usefixtures("home")
def test_a_mapping_that_does_not_exist_is_one_message():
    for command in (("run",), ("recommend", "u1")):
        result = called(*command, "--mapping", "smaple")
        assert result.exit_code == 1
        assert "did you mean 'sample'?" in result.stderr
        assert "Traceback" not in result.output


@pytest.mark.parametrize("command", [("run",), ("recommend", "u1"), ("releases",), ("demo",)])
@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("TOPSHELF_EXPLORE", "abc", "must be a number in [0, 1], got 'abc'"),
        ("TOPSHELF_KEPT_RELEASES", "abc", "must be a whole number >= 1, got 'abc'"),
        ("TOPSHELF_HOME", __file__, "must be a folder, got"),
        ("TOPSHELF_HOME", "what?", "must be a path without '?', got"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_variable_that_cannot_be_used_is_one_message(command, name, value, rule, monkeypatch):
    monkeypatch.setenv(name, value)
    result = called(*command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{name} {rule}")
    assert result.stderr.count("\n") == 1


def test_a_home_of_the_demo_that_is_a_file_is_one_message(home):
    (home / "taken").touch()
    result = called("demo", "--home", str(home / "taken"))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"--home must be a folder, got '{home / 'taken'}'")


@pytest.mark.parametrize("url", ["localhost:6379", "redis://localhost:port"])
@pytest.mark.usefixtures("home")
def test_an_address_that_is_none_of_redis_is_one_message(url):
    result = called("consume", "--url", url)
    assert result.exit_code == 2
    assert result.stderr == f"url must be redis://HOST:PORT/NUMBER, got {url!r}\n"


@pytest.mark.usefixtures("published")
def test_a_recommendation_has_a_title_and_a_reason():
    result = called("recommend", "u1")
    assert result.exit_code == 0
    assert "Lamp" in result.stdout
    assert "Chosen by people like u1" in result.stdout


@pytest.mark.usefixtures("published")
def test_every_answer_can_be_had_as_json():
    (row,) = json.loads(called("recommend", "u1", "--json").stdout)
    assert (row["item_id"], row["score"], row["generated_at"]) == (
        "i1",
        0.25,
        "2026-01-01 00:00:00",
    )
    (row,) = json.loads(called("similar", "i9", "--json").stdout)
    assert row["support"] == 3
    assert len(json.loads(called("evaluate", "--json").stdout)) == 3


@pytest.mark.parametrize(
    ("key", "title"),
    [("shop:id:77", ":gem: Mug"), ("x[/y]", "Mug [red] large"), ("o'brien", "[/]")],
)
@pytest.mark.usefixtures("published")
def test_ids_and_titles_are_shown_as_they_are(key, title):
    for command in ("recommend", "similar"):
        (row,) = json.loads(called(command, key, "--json").stdout)
        assert key in row.values()
        assert row["title"] == title
        shown = called(command, key)
        assert shown.exit_code == 0
        assert f" {key} " in shown.stdout
        assert f" {title} " in shown.stdout


@pytest.mark.usefixtures("published")
def test_a_long_id_is_shown_to_its_end():
    key = "".join(f"{number:03d}-" for number in range(60))
    (row,) = json.loads(called("recommend", key, "--json").stdout)
    assert row["item_id"] == key
    # It goes on in the lines below, in its column.
    _, *lines = called("similar", key).stdout.splitlines()
    column = lines[0].index("000-")
    assert "".join(line[column:].split()[0] for line in lines) == key


@pytest.mark.usefixtures("home")
def test_what_is_refused_is_named_as_it_was_written():
    for name in ("shop:id:77", "x[/y]"):
        result = called("recommend", "u1", "--mapping", name)
        assert result.exit_code == 1
        assert f"mapping: '{name}' is neither" in result.stderr


@pytest.mark.usefixtures("published")
def test_the_evaluation_is_a_table():
    assert "0.300 .200-.400" in called("evaluate").stdout


def test_dbt_by_hand_gets_the_mapping_and_the_reviewed_settings(tmp_path, home):
    mapping = tmp_path / "shop.yml"
    mapping.write_text((PROJECT_ROOT / "mappings" / "sample.yml").read_text())
    file = tmp_path / "shop.settings.yml"
    file.write_text("sql: {history_items: 7}\nals: {factors: 8}\n")
    variables = json.loads(called("vars", "--mapping", str(mapping)).stdout)
    assert variables == {"history_items": 7, **yaml.safe_load(mapping.read_text())}
    for name in ("shop:id:77", "x[/y]"):
        content = yaml.safe_load(mapping.read_text())
        content["mapping"]["events"]["relation"] = f"{name}.parquet"
        named = tmp_path / "named.yml"
        named.write_text(yaml.safe_dump(content))
        assert json.loads(called("vars", "--mapping", str(named)).stdout) == content
    # dbt makes its file there, and no folder.
    assert (home / "sample").is_dir()
    file.write_text("sql: {history_item: 7}\n")
    refused = called("vars", "--mapping", str(mapping))
    assert refused.exit_code == 1
    assert "did you mean 'history_items'?" in refused.stderr


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("recommend", "u1", "-n", "0"), "'--n' / '-n': must be >= 1, got 0"),
        (("serve", "--port", "99999"), "'--port': must be <= 65535, got 99999"),
        (("serve", "--explore", "2"), "'--explore': must be <= 1, got 2"),
        (("tune", "--trials", "many"), "parse string as an integer, got 'many'"),
    ],
)
def test_an_option_that_is_refused_is_told_with_its_value(words, told):
    answer = called(*words)
    assert answer.exit_code == 2
    assert told in unboxed(answer.stderr)


@pytest.mark.usefixtures("home")
def test_the_limit_of_an_explanation_is_one_of_features():
    told = unboxed(called("explain", "--help").stdout)
    assert "Most features shown; the rest is one line." in told
    assert "Most items shown." in unboxed(called("similar", "--help").stdout)


def test_the_costs_of_lists_stand_beside_what_they_buy(published):
    lines = [line.strip() for line in called("evaluate", "--lists").stdout.splitlines()]
    assert lines[0] == "lists of two_stage: means over 9 users, 95% intervals"
    assert lines[2].split() == ["plain", "0.300", "0.25", "3.00", "0.10"]
    mmr = ["mmr", "0.5", "0.280", "-.020", "(-.030,", "-.010)", "0.50", "3.00", "0.10"]
    assert lines[3].split() == mmr
    plain, mmr = json.loads(called("evaluate", "--lists", "--json").stdout)
    assert (plain["choice"], mmr["difference"]) == ("plain", -0.02)
