"""What the demo found, in numbers and in words."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from demo.experiment import Measured
from demo.life import Story
from demo.plan import CONTROL, EXPERIMENT, TREATMENT, DemoPlan
from demo.truth import TrueLift


@dataclass(frozen=True)
class DemoSummary:
    """What `topshelf demo --json` writes.

    Attributes
    ----------
    plan : dict
        Of `DemoPlan`.
    runs : list of dict
        Of the pipeline: day, release, whether it was promoted, what the gates said, what its lists
        are ordered by, seconds.
    measured_seconds : float
        What it took to measure the experiment at the end.
    lists, events : int
        Answered by the application, and sent to it.
    experiment_id : str
    measured : dict
        Of `exp_results`: the return on the seventh day with topshelf against most popular.
    looks : list of dict
        Of `exp_looks`, with the true lift of the same users as `true_lift`.
    counted : dict of str to float
        The same share of each arm, as the simulation counted it while it lived.
    verdict, words : str
        Of `exp_decisions`.
    truth : dict
        Of `TrueLift`, without its dates.
    holds_truth : bool, optional
        Whether the confidence sequence holds the true lift; None where there is no interval.
    seconds : float
    """

    plan: dict[str, Any]
    runs: list[dict[str, Any]]
    measured_seconds: float
    lists: int
    events: int
    experiment_id: str
    measured: dict[str, Any]
    looks: list[dict[str, Any]]
    counted: dict[str, float]
    verdict: str
    words: str
    truth: dict[str, Any]
    holds_truth: bool | None
    seconds: float


def summarised(
    plan: DemoPlan, story: Story, found: Measured, truth: TrueLift, seconds: float
) -> DemoSummary:
    """Put the numbers together.

    Parameters
    ----------
    plan : DemoPlan
    story : Story
    found : Measured
    truth : TrueLift
    seconds : float
        All of it took.
    """
    told = asdict(truth)
    by_date = told.pop("by_date")
    return DemoSummary(
        plan=asdict(plan),
        runs=[asdict(one) for one in story.refreshes],
        measured_seconds=round(story.measured_seconds, 1),
        lists=story.lists,
        events=story.events,
        experiment_id=EXPERIMENT,
        measured=found.result,
        looks=[{**look, "true_lift": by_date.get(look["exposed_date"])} for look in found.looks],
        counted=counted(plan, story),
        verdict=found.verdict,
        words=found.words,
        truth=told,
        holds_truth=_holds(found.result, truth.lift),
        seconds=round(seconds, 1),
    )


def counted(plan: DemoPlan, story: Story) -> dict[str, float]:
    """Return the share of each arm's users who returned; no arm without users.

    Parameters
    ----------
    plan : DemoPlan
    story : Story
    """
    mature = np.flatnonzero(story.outcomes.mature(plan.world.end_second))
    shares = {}
    for arm in (CONTROL, TREATMENT):
        label = f"{EXPERIMENT}:{arm}"
        users = [user for user in mature.tolist() if story.arms.get(user, "").endswith(label)]
        if users:
            shares[arm] = float(story.outcomes.returned[users].mean())
    return shares


def summary_text(summary: DemoSummary) -> str:
    """Say it to people; rates in percent, lifts in percentage points.

    Parameters
    ----------
    summary : DemoSummary
    """
    found, truth = summary.measured, summary.truth
    lines = [f"Done in {summary.seconds:.0f} s.", ""]
    lines.append("Return on the seventh day  most popular  topshelf  lift, percentage points")
    if found["refusal"]:
        lines.append(f"measured                   no answer: {found['refusal']}")
    else:
        lines.append(
            f"measured                   {found['control_value']:>11.1%} {found['value']:>9.1%}"
            f"  {found['difference'] * 100:+.1f} ({found['lower'] * 100:+.1f} to"
            f" {found['upper'] * 100:+.1f})"
        )
    lines.append(
        f"true                       {truth['control']:>11.1%} {truth['treatment']:>9.1%}"
        f"  {truth['lift'] * 100:+.1f} (known to {truth['standard_error'] * 196:.1f})"
    )
    users = found["user_count"] + found["control_user_count"]
    lines += [
        "",
        f"measured: {users:,} users, half of them in each arm; the interval is valid at every look",
        "true:     all users with each arm, the same days and the same draws of who comes",
        f"verdict:  {summary.words}",
        "",
        *(f"lists from day {run['day'] + 1}: by {run['order']['words']}" for run in summary.runs),
    ]
    return "\n".join(lines)


def finding(summary: DemoSummary) -> str:
    """Return the measured and the true lift, in a sentence."""
    found, truth = summary.measured, summary.truth["lift"] * 100
    if found["refusal"]:
        return f"No measured lift: {found['refusal']}; the true one is {truth:+.1f} points"
    return (
        f"Measured {found['difference'] * 100:+.1f} points ({found['lower'] * 100:+.1f} to "
        f"{found['upper'] * 100:+.1f}), true {truth:+.1f}"
    )


def _holds(result: dict[str, Any], lift: float) -> bool | None:
    if result["refusal"]:
        return None
    return bool(result["lower"] <= lift <= result["upper"])
