"""Results as tables for the terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestration.lookups import Row
from orchestration.summary import Summary

SETTINGS = {"new_items": "new items only", "with_repeats": "repeats allowed"}
METRICS = {"ndcg_10": "nDCG@10", "recall_10": "recall@10", "mrr_10": "MRR@10"}
JUDGED = "two_stage"
BASELINES = ("most_popular", "decayed_popular", "covisitation", "repeats")

LIST_MEASURES = {
    "category_diversity": "diverse",
    "coverage": "cover",
    "novelty_bits": "novel",
    "recent_item_share": "recent",
}
LIST_MEASURES_NOTE = """
diverse: pairs of a list that differ in category; cover: share of the items in
some list; novel: bits, the more the less known; recent: share of new items"""


def evaluation_tables(rows: list[Row]) -> RenderableType:
    """Show every system's means with intervals, one table a setting, best nDCG@10 first.

    The last column compares nDCG@10 with the best of the recommenders that SQL alone makes.
    """
    if not rows:
        return Text("Nothing was evaluated: nobody came back in the test period.")
    tables = [_evaluation_table(rows, setting) for setting in SETTINGS]
    return Group(*tables, Text("lift: nDCG@10 against the best of the recommenders in SQL alone"))


def list_cost_table(rows: list[Row]) -> RenderableType:
    """Show what each choice for lists changes in nDCG@10, beside what the lists are like then."""
    if not rows:
        return Text("Nothing was evaluated: no ranked list was judged.")
    table = Table(
        title=f"lists of two_stage: means over {rows[0]['user_count']:,} users, 95% intervals",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for head in ("lists", "nDCG@10", "change", *LIST_MEASURES.values()):
        table.add_column(head, justify="left" if head == "lists" else "right", no_wrap=True)
    for row in rows:
        is_plain = row["choice"] == "plain"
        table.add_row(
            "plain" if is_plain else f"{row['choice']} {row['strength']:g}",
            f"{row['ndcg_10']:.3f}",
            "" if is_plain else _change(row),
            *("" if row[name] is None else f"{row[name]:.2f}" for name in LIST_MEASURES),
            style="bold" if is_plain else "",
        )
    return Group(table, Text(LIST_MEASURES_NOTE))


def summary_text(
    summary: Summary, snapshot: str, seconds: float, settings_file: str | None = None
) -> RenderableType:
    """Show what a run took in, what came out, and how to look at it."""
    rejected = sum(summary.rejected.values())
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in summary.rejected.items())
    evaluated = [row for row in summary.cutoffs if row["role"] == "evaluate"]
    trained = [row for row in summary.cutoffs if row["role"] == "train"]
    facts = Table.grid(padding=(0, 2))
    for _ in ("what", "value"):
        facts.add_column(overflow="fold")
    facts.add_row("events", f"{summary.accepted + rejected:,}, {summary.accepted:,} accepted")
    facts.add_row("rejected", f"{rejected:,}" + (f" ({reasons})" if reasons else ""))
    facts.add_row("users, items", f"{summary.users:,}, {summary.items:,}")
    facts.add_row("taught on", ", ".join(_period(row) for row in trained) or "nothing")
    facts.add_row("evaluated on", ", ".join(_period(row) for row in evaluated) or "nothing")
    if summary.measured_order:
        facts.add_row("measured with", summary.measured_order)
    if summary.order:
        facts.add_row("ordered by", summary.order)
    facts.add_row("lists", f"{summary.listed_users:,} users, {summary.listed_items:,} rows")
    facts.add_row("release", summary.release_id)
    if settings_file:
        facts.add_row("settings", settings_file)
    facts.add_row("published", snapshot)
    return Group(
        Text(f"\nDone in {seconds:.0f} s.\n", style="bold"),
        facts,
        Text(""),
        evaluation_tables(summary.evaluation),
        Text("\nTry it, in any DuckDB client that has the published file open:\n", style="bold"),
        Text(_queries(summary), no_wrap=True, overflow="ignore"),
    )


def _evaluation_table(rows: list[Row], setting: str) -> RenderableType:
    cells = {(row["system"], row["metric"]): row for row in rows if row["setting"] == setting}
    values = {
        name: cells[name, "ndcg_10"]["value"] for name, metric in cells if metric == "ndcg_10"
    }
    if not values:
        return Text(f"{SETTINGS[setting]}: nothing to evaluate\n")
    best = max((values[name] for name in values if name in BASELINES), default=0)
    users = max(row["user_count"] for row in cells.values())
    table = Table(
        title=f"{SETTINGS[setting]}: means over {users:,} users, 95% intervals",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for head in ("system", *METRICS.values(), "lift"):
        table.add_column(head, justify="left" if head == "system" else "right", no_wrap=True)
    for name, value in values.items():
        lift = f"{value / best - 1:+.0%}" if best else ""
        measured = [_interval(cells[name, metric]) for metric in METRICS]
        table.add_row(name, *measured, lift, style="bold" if name == JUDGED else "")
    return Group(table, Text(""))


def _interval(row: Row) -> str:
    if row["lower"] is None or row["upper"] is None:
        return f"{row['value']:.3f}"
    bounds = f"{row['lower']:.3f}-{row['upper']:.3f}".replace("0.", ".")
    return f"{row['value']:.3f} {bounds}"


def _change(row: Row) -> str:
    bounds = [row[name] for name in ("difference", "lower", "upper") if row[name] is not None]
    value, *interval = [f"{bound:+.3f}".replace("0.", ".") for bound in bounds]
    return f"{value} ({', '.join(interval)})" if len(interval) == 2 else value


def _period(row: Row) -> str:
    return f"{row['cutoff_at'][:10]} to {row['label_until'][:10]}"


def _queries(summary: Summary) -> str:
    user, item = summary.example_user_id or "u1", summary.example_item_id or "i1"
    return "\n".join(
        [
            f"  select * from recommend({_literal(user)});",
            f"  select * from similar_items({_literal(item)});",
            "  select * from serving.rec_popular_items where segment = 'all' limit 10;",
        ]
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
