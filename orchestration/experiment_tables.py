"""What the report shows of experiments, as tables in Dagster's pages."""

from collections.abc import Iterable, Sequence

import dagster as dg
import pandas as pd

from orchestration.report.charts import number

Shown = dict[str, dg.MarkdownMetadataValue]

HEADS = ("control", "arm's", "difference", "lower", "upper", "users")


def experiment_tables(
    experiments: pd.DataFrame,
    metrics: pd.DataFrame,
    results: pd.DataFrame,
    funnel: pd.DataFrame,
    cohorts: pd.DataFrame,
) -> dict[str, Shown]:
    """Write the tables that stand beside the pictures of experiments.

    Parameters
    ----------
    experiments, metrics : DataFrame
        `exp_experiments` without rejected rows, `exp_metrics`.
    results : DataFrame
        Of `experiment_results`.
    funnel, cohorts : DataFrame
        `exp_funnel` and `ret_cohorts`.

    Returns
    -------
    dict of str to Shown
        By the table that they belong to; those without a row are left out.
    """
    known = metrics.set_index("metric")
    ordered = results.sort_values(["experiment_id", "variant", "metric", "slice_name", "slice"])
    groups = ordered["metric"].map(known["metric_group"])
    primary = ordered["experiment_id"].map(experiments.set_index("experiment_id")["primary_metric"])
    whole = ordered["slice_name"] == "all"
    guardrails = ordered[whole & (groups == "guardrail")]
    slices = ordered[~whole & (ordered["metric"] == primary)]
    return {
        "experiment_results": _filled(
            guardrails=_table(("arm", "guardrail", *HEADS), _compared(guardrails, known, "metric")),
            slices=_table(("arm", "group of users", *HEADS), _compared(slices, known, "slice")),
            funnel=_table(("arm", "step", "users", "share"), _steps(funnel)),
        ),
        "return_survival": _filled(cohorts=_cohorts(cohorts)),
    }


def _compared(rows: pd.DataFrame, known: pd.DataFrame, named_by: str) -> Iterable[list[str]]:
    """Yield an arm against its control, or why there is no answer."""
    for row in rows.to_dict("records"):
        is_share = known.loc[row["metric"], "unit"] == "share"
        told = {
            "metric": str(known.loc[row["metric"], "title"]),
            "slice": f"{row['slice_name']}: {row['slice']}",
        }[named_by]
        values = [
            number(row[name], is_share=is_share, signed=name not in ("control_value", "value"))
            for name in ("control_value", "value", "difference", "lower", "upper")
        ]
        if pd.notna(row["refusal"]):
            values[2:] = [f"no answer: {row['refusal']}", "", ""]
        users = f"{row['user_count'] + row['control_user_count']:,}"
        yield [f"{row['experiment_id']} / {row['variant']}", told, *values, users]


def _steps(funnel: pd.DataFrame) -> Iterable[list[str]]:
    """Yield how far the users of each arm went, as shares of those who met it."""
    ordered = funnel.sort_values(["experiment_id", "variant", "step_number"])
    for (experiment, variant), rows in ordered.groupby(["experiment_id", "variant"], sort=True):
        first = int(rows["user_count"].iloc[0])
        for step, count in zip(rows["step"], rows["user_count"], strict=True):
            share = number(count / first if first else float("nan"), is_share=True)
            yield [f"{experiment} / {variant}", step, f"{count:,}", share]


def _cohorts(cohorts: pd.DataFrame) -> str:
    """Write the shares that came again, a line for each week of the first visit."""
    if cohorts.empty:
        return ""
    weeks = range(int(cohorts["week_number"].max()) + 1)
    lines = []
    for week, rows in cohorts.groupby("cohort_week", sort=True):
        shares = dict(zip(rows["week_number"], rows["retained_share"], strict=True))
        cells = [f"{shares[place]:.0%}" if place in shares else "" for place in weeks]
        lines.append([f"{week:%Y-%m-%d}", f"{rows['user_count'].iloc[0]:,}", *cells])
    return _table(("week", "users", *map(str, weeks)), lines)


def _table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Write Markdown; nothing without lines."""
    body = [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]
    rule = f"|{' --- |' * len(heads)}"
    return "\n".join([f"| {' | '.join(heads)} |", rule, *body]) if body else ""


def _filled(**tables: str) -> Shown:
    return {name: dg.MetadataValue.md(text) for name, text in tables.items() if text}
