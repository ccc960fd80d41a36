"""From results to a verdict, one question after the other, each with its number."""

import math

import pandas as pd

from ml.experiments.steps import Bounds, Case, Step, steps_of
from ml.experiments.way_back import NO_RELEASES

HISTORY, HOLDOUT = "history", "holdout"
COLUMNS = [
    "experiment_id",
    "variant",
    "step_number",
    "step",
    "status",
    "value",
    "bound",
    "words",
    "verdict",
]


def experiment_decisions(
    experiments: pd.DataFrame,
    checks: pd.DataFrame,
    arms: pd.DataFrame,
    metrics: pd.DataFrame,
    results: pd.DataFrame,
    bounds: Bounds | None = None,
    releases: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Ask of every arm: schema, join rate, sample ratio, guardrails, primary metric, way back.

    Parameters
    ----------
    experiments, checks, arms, metrics : DataFrame
        `exp_experiments` without rejected rows, `exp_checks`, `exp_arms`, `exp_metrics`.
    results : DataFrame
        From `experiment_results`.
    bounds : Bounds, optional
        The defaults when left out.
    releases : DataFrame, optional
        As in `way_back`; without it there are none.

    Returns
    -------
    DataFrame
        `COLUMNS`, a row per arm and step; the last step is the verdict: ship, stop, keep_running,
        or, for `history` and `holdout`, nothing_to_decide.
    """
    rows: list[dict[str, object]] = []
    known = metrics.set_index("metric")
    registry = NO_RELEASES if releases is None else releases
    for experiment in experiments.sort_values("experiment_id").to_dict("records"):
        name = experiment["experiment_id"]
        own = arms.loc[arms["experiment_id"] == name].sort_values("variant_number")
        check = checks.loc[checks["experiment_id"] == name].iloc[0]
        for _, arm in own.loc[~own["is_control"].astype(bool)].iterrows():
            chosen = results.loc[
                (results["experiment_id"] == name)
                & (results["variant"] == arm["variant"])
                & (results["slice_name"] == "all")
            ].set_index("metric")
            case = Case(pd.Series(experiment), check, own, arm, chosen, known, registry)
            steps = list(steps_of(case, bounds or Bounds()))
            verdict, words = _verdict(case, steps)
            last = Step("verdict", verdict, math.nan, math.nan, words)
            rows += [
                {
                    "experiment_id": name,
                    "variant": arm["variant"],
                    "step_number": number,
                    "step": step.name,
                    "status": step.status,
                    "value": step.value,
                    "bound": step.bound,
                    "words": step.words,
                    "verdict": verdict,
                }
                for number, step in enumerate([*steps, last], start=1)
            ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _verdict(case: Case, steps: list[Step]) -> tuple[str, str]:
    by_name = {step.name: step for step in steps}
    primary = by_name["primary metric"]
    believed = [by_name[name] for name in ("schema", "join rate", "sample ratio")]
    for step in believed:
        if step.status == "failed":
            return "stop", f"Stop: the numbers cannot be trusted. {step.words}"
    if case.experiment["experiment_id"] == HISTORY:
        return _verdict_of_history(primary)
    if case.experiment["experiment_id"] == HOLDOUT:
        words = "Users whom no release touches against all others, in the long run"
        return "nothing_to_decide", f"{words}. {primary.words}"
    guardrails = [step for step in steps if step.name.startswith("guardrail ")]
    for step in guardrails:
        if step.status == "failed":
            return "stop", f"Stop: it does harm. {step.words}"
    if primary.status == "failed":
        return "stop", f"Stop: control is better. {primary.words}"
    waiting = [step for step in [primary, *guardrails] if step.status == "waiting"]
    until = _all_counted_at(case)
    if waiting and case.check["observed_until"] < until:
        return "keep_running", (
            f"Keep running until about {until:%Y-%m-%d}, when all users are counted. "
            f"{waiting[0].words}"
        )
    if waiting:
        return "stop", f"Stop: it has run its time without an answer. {waiting[0].words}"
    if by_name["rollback ready"].status == "failed":
        return "keep_running", f"Do not ship yet. {by_name['rollback ready'].words}"
    return "ship", f"Ship {case.arm['variant']}. {primary.words}"


def _verdict_of_history(primary: Step) -> tuple[str, str]:
    if primary.status in ("passed", "failed"):
        return "stop", (
            "Two halves that were treated alike differ: do not believe other results before you "
            f"know why. {primary.words}"
        )
    words = "Two halves of the users that were treated alike, as a test of the test"
    return "nothing_to_decide", f"{words}. {primary.words}"


def _all_counted_at(case: Case) -> pd.Timestamp:
    """Return when the last user's windows are over, and what was late has arrived."""
    names = [part.split(":")[0] for part in str(case.experiment["guardrails"]).split()]
    names.append(str(case.experiment["primary_metric"]))
    return case.counted_at(float(case.metrics.loc[names, "window_until_days"].max()))
