"""Two generated policies, and the public log where it lies beside the project."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from benchmarks.off_policy.__main__ import DATA, app
from benchmarks.off_policy.open_bandit import BanditLogError, cross_values, read_bandit_log
from ml.off_policy.values import OffPolicyParams

REAL_LOGS = [DATA] if (DATA / "events.parquet").is_file() else []
PARAMS = OffPolicyParams(resamples=300)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two policies in a world where the second item is clicked most, lower places less."""
    random = np.random.default_rng(8)
    clicks = np.array([0.02, 0.12, 0.05, 0.01])
    shares = {"random": np.full(4, 0.25), "bts": np.array([0.1, 0.6, 0.25, 0.05])}
    frames = []
    for policy, chances in shares.items():
        items, places = random.choice(4, 20_000, p=chances), random.integers(1, 4, 20_000)
        clicked = random.random(20_000) < clicks[items] / places
        frames.append(
            pd.DataFrame(
                {
                    "item_id": [f"men_{item}" for item in items],
                    "value": clicked.astype(float),
                    "campaign": "men",
                    "policy": policy,
                    "position": places,
                    "propensity_score": chances[items],
                }
            )
        )
    folder = tmp_path_factory.mktemp("bandit")
    pd.concat(frames).to_parquet(folder / "events.parquet", index=False)
    return folder


def estimated(values):
    return values[values["estimator"].isin(["ips", "snips", "dr"])]


def test_each_generated_policy_is_valued_from_the_log_of_the_other(folder):
    values = estimated(cross_values(read_bandit_log(folder), PARAMS))
    assert set(zip(values["source"], values["policy"], strict=True)) == {
        ("random", "bts"),
        ("bts", "random"),
    }
    # 1/3 (1 + 1/2 + 1/3) of what each policy would earn at the first place.
    examined = 11 / 18
    truth = values["policy"].map({"random": 0.05 * examined, "bts": 0.087 * examined})
    assert (values["lower"] < truth).all()
    assert (truth < values["upper"]).all()
    assert ((values["observed_lower"] < truth) & (truth < values["observed_upper"])).all()


@pytest.mark.parametrize("data", REAL_LOGS)
def test_the_public_log_gives_what_the_other_policy_really_earned(data):
    values = cross_values(read_bandit_log(data), PARAMS)
    rows = estimated(values[values["refusal"].isna()])
    assert len(rows) >= 6
    error = rows["value"] - rows["observed"]
    # Each interval stands for two standard errors, of the estimate and of what was observed.
    spread = np.hypot(rows["standard_error"], (rows["observed_upper"] - rows["observed_lower"]) / 4)
    assert (error.abs() < 3 * spread).all()


def test_the_command_prints_both_directions(folder):
    answer = CliRunner().invoke(app, ["--data", str(folder)], env={"COLUMNS": "250"})
    assert answer.exit_code == 0
    assert "Thompson" in answer.output
    assert answer.output.count("snips") == 2


def test_what_is_no_bandit_log_is_refused(tmp_path):
    with pytest.raises(BanditLogError, match="does not exist; name the folder with --data"):
        read_bandit_log(tmp_path)
    pd.DataFrame({"item_id": ["a"], "value": [1.0]}).to_parquet(tmp_path / "events.parquet")
    with pytest.raises(BanditLogError, match="has no column campaign, policy, position, prop"):
        read_bandit_log(tmp_path)
    answer = CliRunner().invoke(app, ["--data", str(tmp_path)])
    assert answer.exit_code == 1
