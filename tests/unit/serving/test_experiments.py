"""Arms of experiments: who is in one, and what it changes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from serving.assignment import Arm, Experiment, assigned_arm, is_held_out
from serving.bundle import Bundle
from serving.experiments import NOBODY, Holdout, RunningExperiment, chosen_policy
from serving.ladder import Wish, listed
from tests.unit.serving.shop_release import USER_IDS, make_shop

START = datetime(2026, 3, 1, tzinfo=UTC)
END = START + timedelta(days=28)
ARMS = (Arm("popular", 0.5, "popular"), Arm("topshelf", 0.5, "live"))


def running(name: str = "lists", **changed: object) -> RunningExperiment:
    values = {"experiment_id": name, "layer": "shop", "salt": name, "arms": ARMS, **changed}
    return RunningExperiment(Experiment(**values), START, END)


def test_each_arm_gets_its_policy_and_its_name():
    users = [f"u{number:05d}" for number in range(1000)]
    chosen = [chosen_policy([running()], user, START) for user in users]
    assert set(chosen) == {("lists:popular", "popular"), ("lists:topshelf", "live")}
    # Two standard deviations of a fair split of a thousand are 32.
    assert abs(chosen.count(("lists:popular", "popular")) - 500) < 64
    assert chosen == [
        chosen_policy([running()], user, END - timedelta(seconds=1)) for user in users
    ]


@pytest.mark.parametrize("moment", [START - timedelta(seconds=1), END])
def test_before_and_after_an_experiment_nobody_has_an_arm(moment):
    assert chosen_policy([running()], "u00001", moment) == ("", "live")


def test_of_two_experiments_a_list_belongs_to_the_first_that_has_the_user():
    first = running("first", layer_until=0.5)
    labels = [
        chosen_policy([first, running("second")], f"u{number}", START)[0].split(":")[0]
        for number in range(400)
    ]
    assert set(labels) == {"first", "second"}
    alone = [chosen_policy([first], f"u{number}", START)[0] != "" for number in range(400)]
    assert [label == "first" for label in labels] == alone


def test_an_experiment_that_leaves_lists_alone_has_its_part_in_all_of_them():
    design = running("design", arms=(Arm("wide", 0.5, "live"), Arm("tight", 0.5, "live")))
    users = [f"u{number}" for number in range(400)]
    lists = {user: chosen_policy([running()], user, START) for user in users}
    both = {user: chosen_policy([design, running()], user, START) for user in users}
    assert {user: policy for user, (_, policy) in both.items()} == {
        user: policy for user, (_, policy) in lists.items()
    }
    for user in users:
        own, other = both[user][0].split(" ")
        assert own == f"design:{assigned_arm(design.experiment, user).name}"
        assert other == lists[user][0]


def test_an_arm_that_nobody_could_answer_is_refused():
    arms = (Arm("a", 0.5, "popular"), Arm("b", 0.5, "oracle"))
    with pytest.raises(ValueError, match=r"the arm 'b' of 'lists' serves 'oracle'; it must be one"):
        running(arms=arms)


@pytest.mark.parametrize("user_id", [*USER_IDS[:4], "a stranger"])
def test_the_popular_policy_shows_what_is_popular_and_not_barred(tmp_path, user_id):
    bundle = Bundle.open(make_shop(tmp_path))
    listing = listed(bundle, Wish(user_id, 5, policy="popular"), [], START)
    user = bundle.user_row(user_id)
    barred = set() if user is None else set(bundle.excluded(user).tolist())
    expected = [item for item in bundle.popular().items.tolist() if item not in barred]
    assert listing.fallback == "popular"
    assert [entry.item for entry in listing.entries] == expected[:5]
    assert len(expected) > 5


def test_the_holdout_comes_before_every_experiment_and_outlives_it():
    holdout = Holdout(0.1, "apart")
    users = [f"u{number:05d}" for number in range(2000)]
    held = {user for user in users if is_held_out(user, 0.1, "apart")}
    # Three standard deviations of a tenth of two thousand are 40.
    assert abs(len(held) - 200) < 40
    for moment in (START, END):
        chosen = {user: chosen_policy([running()], user, moment, holdout) for user in users}
        assert {user for user in users if chosen[user] == ("holdout", "popular")} == held
        assert {chosen[user][0] for user in held} == {"holdout"}
    assert not any(is_held_out(user, NOBODY.share, NOBODY.salt) for user in users)


@pytest.mark.parametrize("wrong", [{"share": 0.6}, {"share": -0.1}, {"share": float("nan")}])
def test_a_share_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match=r"holdout_share must be in \[0, 0.5\], got"):
        Holdout(**wrong)


def test_sql_and_python_begin_with_the_same_salt():
    text = (Path(__file__).parents[3] / "dbt_project.yml").read_text(encoding="utf-8")
    variables = yaml.safe_load(text)["vars"]
    assert (variables["holdout_share"], variables["holdout_salt"]) == (NOBODY.share, NOBODY.salt)
