"""The pages: tables in, one self-contained text of HTML out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from orchestration.report.charts import Line, difference, interval_bar, line_chart, number
from orchestration.report.product import cohort_grid, outlook_by_metric, weekly_activity
from orchestration.report.tables import Tables, of_experiment

VERDICTS = {
    "ship": "Ship",
    "stop": "Stop",
    "keep_running": "Keep running",
    "nothing_to_decide": "Nothing to decide",
}
TRUE = "true"


@dataclass(frozen=True)
class Truth:
    """The true difference of the primary metric, where a simulation knows it.

    Attributes
    ----------
    words : tuple of str
        What is true, a paragraph each.
    by_date : mapping of str to float
        The difference among the users exposed up to a date, as `exp_looks` counts them.
    """

    words: tuple[str, ...]
    by_date: Mapping[str, float]


def experiment_page(
    tables: Tables, experiment_id: str, now: datetime, truth: Truth | None = None
) -> str:
    """Write the page of one experiment.

    Parameters
    ----------
    tables : dict of str to DataFrame
        From `read_tables`.
    experiment_id : str
    now : datetime
        When the page is made, UTC.
    truth : Truth, optional
        Stands beside what was measured.

    Raises
    ------
    UnknownExperimentError
        If there is no such experiment.
    """
    own = of_experiment(tables, experiment_id)
    arms = own["exp_arms"]
    treated = arms.loc[~arms["is_control"].astype(bool), "variant"]
    metric = str(own["exp_experiments"]["primary_metric"].iloc[0])
    return _template("experiment.html").render(
        experiment=own["exp_experiments"].iloc[0].to_dict(),
        check=own["exp_checks"].iloc[0].to_dict(),
        arms=arms.to_dict("records"),
        treatments=[_treatment(own, variant, metric, truth) for variant in treated],
        truth=truth,
        funnel=_funnel(own["exp_funnel"], arms),
        survival=_survival(own["ret_survival_curves"], arms),
        metric=metric,
        **_known(tables["exp_metrics"]),
        now=now,
    )


def product_page(tables: Tables, now: datetime) -> str:
    """Write the page of the product: who comes back, what could be found, what was decided.

    Parameters
    ----------
    tables : dict of str to DataFrame
        From `read_tables`.
    now : datetime
        When the page is made, UTC.
    """
    decisions = tables["exp_decisions"]
    last = decisions.loc[decisions["step"] == "verdict"]
    experiments = tables["exp_experiments"]
    rejected = experiments.loc[experiments["reject_reason"].notna()]
    curves = tables["ret_survival_curves"]
    history = curves.loc[curves["experiment_id"] == "history"]
    arms = tables["exp_arms"]
    return _template("product.html").render(
        verdicts=last.to_dict("records"),
        rejected=rejected.to_dict("records"),
        activity=weekly_activity(tables["ret_activity"]),
        cohorts=cohort_grid(tables["ret_cohorts"]),
        outlook=outlook_by_metric(tables["exp_outlook"]),
        survival=_survival(history, arms.loc[arms["experiment_id"] == "history"]),
        **_known(tables["exp_metrics"]),
        now=now,
    )


def _known(metrics: pd.DataFrame) -> dict[str, Any]:
    """Return what metrics are called, and which are shares, written in per cent."""
    names = dict(zip(metrics["metric"], metrics["title"], strict=True))
    return {"names": names, "shares": set(metrics.loc[metrics["unit"] == "share", "metric"])}


def _template(name: str) -> Any:  # noqa: ANN401
    environment = Environment(
        loader=PackageLoader("orchestration.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"verdict_names": VERDICTS}
    environment.filters |= {"difference": difference, "number": number}
    return environment.get_template(name)


def _treatment(own: Tables, variant: str, metric: str, truth: Truth | None) -> dict[str, Any]:
    """Gather what the page says of one arm."""
    steps = own["exp_decisions"].loc[own["exp_decisions"]["variant"] == variant]
    results = own["exp_results"].loc[own["exp_results"]["variant"] == variant]
    looks = own["exp_looks"].loc[own["exp_looks"]["variant"] == variant]
    slices = results.loc[(results["slice_name"] != "all") & (results["metric"] == metric)]
    everybody = results.loc[results["slice_name"] == "all"]
    primary = everybody.loc[(everybody["metric"] == metric) & everybody["refusal"].isna()]
    return {
        "variant": variant,
        "primary": primary.to_dict("records"),
        "steps": steps.loc[steps["step"] != "verdict"].to_dict("records"),
        "verdict": steps.loc[steps["step"] == "verdict"].to_dict("records"),
        "groups": _groups(everybody, own["exp_metrics"]),
        "slices": _with_bars(slices, "difference", "lower", "upper"),
        "looks": _looks(looks.loc[looks["metric"] == metric], own["exp_metrics"], truth),
    }


def _groups(results: pd.DataFrame, metrics: pd.DataFrame) -> list[dict[str, Any]]:
    """Put the metrics under what they are for; bars show the change as a share."""
    merged = results.merge(metrics[["metric", "metric_group", "better"]], on="metric")
    # A bar to the right is good news, also where less is better.
    turned = merged["better"].map({"up": 1.0, "down": -1.0})
    merged["bar_value"] = merged["relative_difference"] * turned
    bounds = merged[["relative_lower", "relative_upper"]].mul(turned, axis="index")
    merged["bar_lower"], merged["bar_upper"] = bounds.min(axis=1), bounds.max(axis=1)
    groups = []
    for group in ("retention", "engagement", "guardrail"):
        rows = merged.loc[merged["metric_group"] == group]
        bars = _with_bars(rows, "bar_value", "bar_lower", "bar_upper")
        groups.append({"name": group, "rows": bars})
    return groups


def _with_bars(rows: pd.DataFrame, value: str, lower: str, upper: str) -> list[dict[str, Any]]:
    """Add a bar to each row, all on the scale of the widest of the narrower three quarters."""
    widths = rows[[lower, upper]].abs().max(axis=1).dropna()
    reach = float(widths.quantile(0.75)) if len(widths) else 0.0
    records = [{str(name): cell for name, cell in row.items()} for row in rows.to_dict("records")]
    for record in records:
        record["bar"] = interval_bar(record[lower], record[value], record[upper], reach)
    return records


def _looks(looks: pd.DataFrame, metrics: pd.DataFrame, truth: Truth | None) -> str:
    if looks.empty:
        return ""
    metric = metrics.loc[metrics["metric"] == looks["metric"].iloc[0]].iloc[0]
    days = pd.to_datetime(looks["exposed_date"])
    places = (days - days.min()).dt.days.astype(float)
    columns = [places, looks["difference"], looks["lower"], looks["upper"]]
    lines = [Line("treated", list(zip(*(column.tolist() for column in columns), strict=True)))]
    if truth is not None:
        known = days.dt.strftime("%Y-%m-%d").map(truth.by_date)
        points = [(x, y, y, y) for x, y in zip(places, known, strict=True) if not pd.isna(y)]
        lines.append(Line(TRUE, points))
    marks = [
        (places.iloc[place], f"{days.iloc[place]:%d %b}") for place in (0, len(looks) // 2, -1)
    ]
    title = f"{metric['title']}: difference with its 95% confidence sequence, by day of exposure"
    return line_chart(lines, title, marks, is_share=metric["unit"] == "share", zero=True)


def _survival(curves: pd.DataFrame, arms: pd.DataFrame) -> str:
    lines = []
    for arm in arms.to_dict("records"):
        rows = curves.loc[curves["variant"] == arm["variant"]]
        columns = [rows[name] for name in ("day_number", "away_share", "lower", "upper")]
        points = list(zip(*(column.astype(float).tolist() for column in columns), strict=True))
        name = "control" if arm["is_control"] else "treated"
        lines.append(Line(name, [(0.0, 1.0, 1.0, 1.0), *points] if points else []))
    marks = [(float(day), f"day {day}") for day in (0, 7, 14, 21, 28)]
    lasted = max((line.points[-1][0] for line in lines if line.points), default=0.0)
    shown = [mark for mark in marks if mark[0] <= lasted]
    return line_chart(lines, "Share of users not back yet, by day", shown, is_share=True)


def _funnel(funnel: pd.DataFrame, arms: pd.DataFrame) -> list[dict[str, Any]]:
    """Return each arm's steps with the share of its first."""
    found = []
    for arm in arms.to_dict("records"):
        rows = funnel.loc[funnel["variant"] == arm["variant"]].to_dict("records")
        first = rows[0]["user_count"] if rows else 0
        for row in rows:
            row["share"] = row["user_count"] / first if first else 0.0
        found.append({"variant": arm["variant"], "is_control": arm["is_control"], "rows": rows})
    return found
