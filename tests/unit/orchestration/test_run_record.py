import subprocess

from ml.als import AlsParams
from ml.ranker_params import RankerParams
from orchestration.reviewed import ReviewedSettings, sql_defaults
from orchestration.run_record import revision_tags, settings_params
from orchestration.settings import PROJECT_ROOT


def test_every_setting_is_recorded_with_what_it_was_in_the_run():
    used = ReviewedSettings(sql={"history_items": 7}, als=AlsParams(factors=8))
    params = settings_params(used, PROJECT_ROOT)
    assert params["sql.history_items"] == 7
    assert params["als.factors"] == 8
    assert params["ranker.leaves"] == RankerParams.leaves
    assert {name for name in params if name.startswith("sql.")} == {
        f"sql.{name}" for name in sql_defaults(PROJECT_ROOT)
    }


def test_the_code_has_a_revision_where_there_is_git(tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        said = subprocess.run(
            ["git", *identity, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return said.stdout.strip()

    project = tmp_path / "pyproject.toml"
    project.write_text("[project]\nversion = '1.2.3'\n")
    assert revision_tags(tmp_path) == {"code.version": "1.2.3"}
    git("init")
    git("add", ".")
    git("commit", "--message", "first")
    tags = {"code.version": "1.2.3", "mlflow.source.git.commit": git("rev-parse", "HEAD")}
    assert revision_tags(tmp_path) == {**tags, "code.is_changed": "false"}
    project.write_text("[project]\nversion = '1.2.4'\n")
    assert revision_tags(tmp_path)["code.is_changed"] == "true"
