"""Showing why an item is in a list."""

from math import exp

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestration.lookups import Row


def explanation_view(answer: Row, limit: int) -> RenderableType:
    """Show an explanation, and of the features those that moved the score most.

    Parameters
    ----------
    answer : dict
        Of `explained`.
    limit : int
        Most features shown, >= 1.
    """
    parts: list[RenderableType] = [_headline(answer)]
    if answer["sources"]:
        parts += [Text("\nWho proposed it"), _sources_table(answer["sources"])]
    if answer["history"]:
        parts += [_history_title(answer), _history_table(answer["history"])]
    if answer["ranker"]:
        parts += [_ranker_title(answer["ranker"]), _features_table(answer["ranker"], limit)]
    else:
        parts.append(Text("\nThe ranker did not place this item: its place needs no score."))
    return Group(*parts)


def _headline(answer: Row) -> Text:
    name = f"{answer['title']} ({answer['item_id']})" if answer["title"] else answer["item_id"]
    return Text(
        f"{name} is number {answer['recommended_rank']} in the list of {answer['user_id']}: "
        f"{answer['reason']}."
    )


def _sources_table(sources: list[Row]) -> Table:
    table = _table({"source": "left", "rank": "right", "score": "right"})
    for source in sources:
        table.add_row(source["source"], str(source["rank"]), f"{source['score']:.4f}")
    return table


def _history_title(answer: Row) -> Text:
    count = answer["history"][0]["history_count"]
    score = next((row["score"] for row in answer["sources"] if row["source"] == "als"), None)
    whole = "" if score is None else f"; together they add up to {score:.4f}"
    return Text(f"\nWhat adds most to the als score, of {count} items of the history{whole}")


def _history_table(history: list[Row]) -> Table:
    table = _table({"item": "left", "title": "left", "adds": "right"})
    for row in history:
        table.add_row(row["item_id"], row["title"] or "", f"{row['contribution']:+.4f}")
    return table


def _ranker_title(ranker: Row) -> Text:
    total = sum(row["shap_value"] for row in ranker["features"])
    return Text(
        f"\nThe ranker's score, in log odds: {ranker['base_score']:+.3f} on average, "
        f"{total:+.3f} by the features, {ranker['raw_score']:+.3f} in all, which is "
        f"{1 / (1 + exp(-ranker['raw_score'])):.4f} among the rows it learned from, where "
        f"negatives are sampled; calibrated among all candidates: {ranker['probability']:.4f}"
    )


def _features_table(ranker: Row, limit: int) -> Table:
    table = _table(
        {
            "feature": "left",
            "value": "right",
            "adds": "right",
            "odds": "right",
            "what it is": "left",
        }
    )
    for row in ranker["features"][:limit]:
        table.add_row(
            row["feature"],
            _value(row["value"]),
            f"{row['shap_value']:+.3f}",
            f"x{exp(row['shap_value']):.2f}",
            row["meaning"] or "",
        )
    left = ranker["features"][limit:]
    if left:
        rest = sum(row["shap_value"] for row in left)
        table.add_row(f"{len(left)} others", "", f"{rest:+.3f}", f"x{exp(rest):.2f}", "")
    return table


def _value(value: float | bool | None) -> str:
    if value is None:
        return "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value).lower()


def _table(columns: dict[str, str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name, side in columns.items():
        table.add_column(name, justify="right" if side == "right" else "left", overflow="fold")
    return table
