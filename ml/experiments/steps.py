"""The questions asked of an arm before a verdict, each answered with its number."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from ml.experiments.effects import RULE_OF_THREE
from ml.experiments.results import LEAST_USERS
from ml.experiments.sample_ratio import sample_ratio
from ml.experiments.sequences import LEVEL
from ml.experiments.units import difference_text, margin_text, value_text
from ml.experiments.way_back import way_back

# From then on no window of a metric is open.
LAST_DAY = 29


@dataclass(frozen=True)
class Bounds:
    """What a result must keep to be believed.

    Parameters
    ----------
    set_aside_share : float
        Most users that may be set aside, in two arms or with an arm that nobody planned.
    late_share : float
        Most of what was done that may be loaded later than is waited for.
    join_rate : float
        Least share of interactions naming a list that find its impression.
    naming_share : float
        Least share naming a list among interactions with items that were just shown, where others
        of their type name one. Most may be of users who found the item again by themselves.
    sample_ratio_p_value : float
        Least p-value of the split, valid at every look.
    false_discovery_rate : float
        Most share of wrong discoveries among those made.
    """

    set_aside_share: float = 0.05
    late_share: float = 0.05
    join_rate: float = 0.9
    naming_share: float = 0.1
    sample_ratio_p_value: float = 0.001
    false_discovery_rate: float = 1 - LEVEL


@dataclass(frozen=True)
class Step:
    """One question and its answer: passed, failed or waiting."""

    name: str
    status: str
    value: float
    bound: float
    words: str


@dataclass(frozen=True)
class Case:
    """All that is known of one arm of one experiment."""

    experiment: pd.Series
    check: pd.Series
    arms: pd.DataFrame
    arm: pd.Series
    results: pd.DataFrame
    metrics: pd.DataFrame
    releases: pd.DataFrame

    def counted_at(self, days: float) -> pd.Timestamp:
        """Return when a window of days is over for the last user, and what was late is there."""
        waiting = pd.Timedelta(days=days + float(self.check["lateness_days"]))
        return pd.Timestamp(self.experiment["ends_at"]) + waiting


def steps_of(case: Case, bounds: Bounds) -> Iterator[Step]:
    """Ask in order: schema, join rate, sample ratio, guardrails, primary metric, way back."""
    yield _schema(case, bounds)
    yield _join_rate(case, bounds)
    yield _sample_ratio(case, bounds)
    yield from _guardrails(case)
    yield _primary(case, bounds)
    yield _way_back(case)


def _schema(case: Case, bounds: Bounds) -> Step:
    exposed = int(case.check["exposed_count"])
    set_aside = exposed - int(case.check["user_count"])
    share = set_aside / exposed if exposed else 0.0
    gaps = int(case.check["missing_day_count"])
    told = f"{exposed:,} users met the experiment, {set_aside:,} ({share:.1%}) are set aside"
    if gaps:
        told += f"; the log has no event on {gaps} of its days, which lowers both arms alike"
    if share > bounds.set_aside_share:
        too_many = f"more than {bounds.set_aside_share:.0%} leave too little to compare"
        words = f"{told}{_why_set_aside(case)}: {too_many}."
        return Step("schema", "failed", share, bounds.set_aside_share, words)
    late = float(case.check["late_share"])
    over_at = case.counted_at(LAST_DAY)
    if late > bounds.late_share and case.check["observed_until"] < over_at:
        words = (
            f"{late:.1%} of what was done was loaded later than experiment_lateness_days: users "
            "are counted as if they had stayed away. Raise it in the settings file, or load sooner."
        )
        return Step("schema", "failed", late, bounds.late_share, words)
    return Step("schema", "passed", share, bounds.set_aside_share, f"{told}.")


def _why_set_aside(case: Case) -> str:
    """Name the reasons that somebody can do something about."""
    unknown = int(case.check["unknown_variant_count"])
    twice, bots = (int(case.arms[f"{why}_count"].sum()) for why in ("two_variants", "bot"))
    words = f", {unknown:,} of them in arms that nobody planned" if unknown else ""
    if bots:
        words += f", {bots:,} of them bots (bot_interactions_per_day of the mapping)"
    if twice:
        words += (
            f", {twice:,} of them because they were in or saw two arms; if shares or the salt were "
            "changed, give the experiment a new experiment_id and a new salt"
        )
    return words


def _join_rate(case: Case, bounds: Bounds) -> Step:
    rate, count = float(case.check["join_rate"]), int(case.check["naming_count"])
    if count == 0 or math.isnan(rate):
        words = "No interaction names the list that led to it, so there is nothing to compare."
        return Step("join rate", "passed", math.nan, bounds.join_rate, words)
    words = f"{rate:.1%} of {count:,} interactions that name a list find its impression "
    words += f"within {case.check['join_window_hours']:g} hours"
    named = float(case.check["naming_share"])
    if not math.isnan(named):
        words += f"; of the interactions with items that were just shown, {named:.0%} name a list"
    if named < bounds.naming_share:
        words += f": below {bounds.naming_share:.0%}, the others seem to have lost its request_id."
        return Step("join rate", "failed", named, bounds.naming_share, words)
    if rate < bounds.join_rate:
        words += f": below {bounds.join_rate:.0%}, outcomes are lost on the way."
        return Step("join rate", "failed", rate, bounds.join_rate, words)
    return Step("join rate", "passed", rate, bounds.join_rate, f"{words}.")


def _sample_ratio(case: Case, bounds: Bounds) -> Step:
    bound = bounds.sample_ratio_p_value
    counts, shares = case.arms["user_count"].to_numpy(), case.arms["share"].to_numpy()
    if counts.sum() == 0:
        return Step("sample ratio", "waiting", math.nan, bound, "Nobody has met it yet.")
    p_value = sample_ratio(counts, shares).anytime_p_value
    split = ", ".join(
        f"{count:,} {name} (planned {share:.0%})"
        for name, count, share in zip(case.arms["variant"], counts, shares, strict=True)
    )
    if p_value < bound:
        words = f"{split}: chance hardly ever splits so, something decides who is counted."
        return Step("sample ratio", "failed", p_value, bound, words)
    return Step("sample ratio", "passed", p_value, bound, f"{split}: as planned.")


def _guardrails(case: Case) -> Iterator[Step]:
    for part in str(case.experiment["guardrails"]).split():
        metric, text = part.split(":")
        yield _guardrail(case, metric, float(text))


def _guardrail(case: Case, metric: str, margin: float) -> Step:
    """Compare the harm, the change in the wrong direction, with what is borne."""
    step = f"guardrail {metric}"
    row = _result(case, metric)
    bound = margin_text(margin, _unit(case, metric))
    # It cannot un-happen, so the rule of three holds for who looks daily as well.
    if row is not None and _is_never(case, row):
        most = RULE_OF_THREE / row["trial_count"]
        words = f"{case.metrics['title'][metric]!s}: nobody had any, none of {row['trial_count']:,}"
        if most <= margin:
            at_most = margin_text(float(f"{most:.2g}"), _unit(case, metric))
            text = f"{words}: at most {at_most}, worse by less than {bound}."
            return Step(step, "passed", most, margin, text)
        text = f"{words}, too few to exclude {bound}."
        return Step(step, "waiting", most, margin, text)
    if row is None or pd.notna(row["refusal"]):
        why = "has no users" if row is None else f"has no answer: {row['refusal']}"
        return Step(step, "waiting", math.nan, margin, f"{metric} {why}.")
    is_up = case.metrics.loc[metric, "better"] == "up"
    harm = (-row["upper"], -row["lower"]) if is_up else (row["lower"], row["upper"])
    words = f"{case.metrics['title'][metric]!s}: changed by {_difference(case, row)}"
    if harm[0] > margin:
        return Step(step, "failed", harm[0], margin, f"{words}: worse by more than {bound}.")
    if harm[1] > margin:
        return Step(step, "waiting", harm[1], margin, f"{words}: {bound} worse is still possible.")
    return Step(step, "passed", harm[1], margin, f"{words}: worse by less than {bound}.")


def _is_never(case: Case, row: pd.Series) -> bool:
    """Whether what should not happen has not happened once, to users enough to say so.

    Where it happened to the control it is known how often it happens to those it happens to, and
    the interval says what could be unseen; else once is assumed.
    """
    is_down = case.metrics["better"][str(row.name)] == "down"
    is_absent = row["value"] == 0 and row["control_value"] == 0
    return bool(is_down and is_absent and row["trial_count"] >= LEAST_USERS)


def _result(case: Case, metric: str) -> pd.Series | None:
    """Return the row of a metric; None when no user has met the arm."""
    rows = case.results.loc[case.results.index == metric]
    return None if rows.empty else rows.iloc[0]


def _primary(case: Case, bounds: Bounds) -> Step:
    metric = str(case.experiment["primary_metric"])
    step, bound = "primary metric", bounds.false_discovery_rate
    row = _result(case, metric)
    if row is None or pd.notna(row["refusal"]):
        why = "has no users" if row is None else f"has no answer: {row['refusal']}"
        return Step(step, "waiting", math.nan, bound, f"{metric} {why}.")
    sign = 1 if case.metrics.loc[metric, "better"] == "up" else -1
    value, control = (
        value_text(row[name], _unit(case, metric)) for name in ("value", "control_value")
    )
    words = (
        f"{case.metrics['title'][metric]!s}: {value} against {control} in control, a difference of "
        f"{_difference(case, row)}, over {row['user_count'] + row['control_user_count']:,} users "
        f"whose {case.metrics['window_until_days'][metric]:g} days are over "
        f"({row['mature_share']:.0%} of those not set aside)"
    )
    if row["adjusted_p_value"] > bound or row["lower"] <= 0 <= row["upper"]:
        text = f"{words}: no difference is shown."
        return Step(step, "waiting", row["adjusted_p_value"], bound, text)
    status, text = ("passed", "better") if sign * row["difference"] > 0 else ("failed", "worse")
    return Step(step, status, row["adjusted_p_value"], bound, f"{words}: {text}.")


def _way_back(case: Case) -> Step:
    control = case.arms.loc[case.arms["is_control"].astype(bool)].iloc[0]
    ready, words = way_back(str(control["serves"]), case.releases)
    status = "passed" if ready else "failed"
    return Step("rollback ready", status, float(ready), 1.0, words)


def _difference(case: Case, row: pd.Series) -> str:
    unit = _unit(case, str(row.name))
    return difference_text(row["difference"], row["lower"], row["upper"], unit)


def _unit(case: Case, metric: str) -> str:
    return str(case.metrics["unit"][metric])
