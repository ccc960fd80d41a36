"""What the page of the product shows: who comes back, and what could be found."""

from typing import Any

import pandas as pd

from orchestration.report.charts import Line, line_chart

OUTLOOK = ("d7_return", "returned_7d", "click_through", "conversion", "revenue_unattributed")


def weekly_activity(activity: pd.DataFrame) -> dict[str, Any]:
    """Return how many were active lately and four weeks before, and a line of all weeks."""
    places = [place for place in (len(activity) - 1, len(activity) - 29) if place >= 0]
    weekly = activity.loc[activity["weekly_user_count"].notna()].reset_index(drop=True)
    counts = weekly["weekly_user_count"].astype(float).tolist()
    points = [(float(place), count, count, count) for place, count in enumerate(counts)]
    days = pd.to_datetime(weekly["active_date"]).tolist()
    marks = [
        (float(place), f"{days[place]:%d %b %Y}")
        for place in range(0, len(days), max(1, (len(days) - 1) // 2))
    ]
    title = "Users active in seven days, by the last of them"
    return {
        "rows": [activity.iloc[place].to_dict() for place in places],
        "chart": line_chart([Line("treated", points)], title, marks),
    }


def cohort_grid(cohorts: pd.DataFrame) -> dict[str, Any]:
    """Arrange the cohorts as a grid: one line a week, one column per week since."""
    if cohorts.empty:
        return {"weeks": [], "lines": []}
    weeks = list(range(int(cohorts["week_number"].max()) + 1))
    later = cohorts.loc[cohorts["week_number"] > 0, "retained_share"]
    darkest = float(later.max()) if len(later) and later.max() > 0 else 1.0
    lines = []
    for week, rows in cohorts.groupby("cohort_week", sort=True):
        shares = dict(zip(rows["week_number"], rows["retained_share"], strict=True))
        cells = [
            {"share": shares[number], "tint": min(shares[number] / darkest, 1.0)}
            for number in weeks
            if number in shares
        ]
        lines.append({"week": week, "user_count": int(rows["user_count"].iloc[0]), "cells": cells})
    return {"weeks": weeks, "lines": lines}


def outlook_by_metric(outlook: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what could be found of the metrics that matter most."""
    return [
        {"metric": metric, "rows": rows.to_dict("records")}
        for metric in OUTLOOK
        if not (rows := outlook.loc[outlook["metric"] == metric]).empty
    ]
