"""How often the verdict itself is right: results, adjustment, guardrail and all."""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmarks.experiments.findings import Finding, share_found
from ml.experiments.decisions import experiment_decisions
from ml.experiments.moments import COLUMNS
from ml.experiments.power import users_for_rate
from ml.experiments.results import experiment_results
from ml.experiments.steps import Bounds

# As many metrics as `exp_metrics` has; of these one decides and one guards.
OTHERS = 19
BASELINE, DISLIKED = 0.3, 0.02
RATES = np.array([BASELINE, DISLIKED, *np.linspace(0.05, 0.6, OTHERS)])
NAMES = ["d7_return", "negative_events", *(f"other_{number}" for number in range(OTHERS))]
METRICS = pd.DataFrame(
    {
        "metric": NAMES,
        "title": NAMES,
        "unit": "share",
        "better": ["up", "down", *["up"] * OTHERS],
        "window_until_days": 8,
    }
)
GUARDRAILS = "negative_events:0.02"
ARMS = ("old", "new")
START = pd.Timestamp("2026-01-01")
DAYS = 28
LATENESS_DAYS = 1
# In each arm, of experiments whose arms are alike.
USERS_PER_DAY = 75
# Experiments drawn at a time: memory.
BLOCK = 50


def shipped_alike(experiments: int, seed: int, every_days: int = 1) -> Iterator[Finding]:
    """Treat both arms alike, and ask for a verdict daily: hardly ever may one be shipped.

    It is asked for whenever the deciding metric seems to differ, and at the end.

    Parameters
    ----------
    experiments, seed : int
    every_days : int
        Days from one look to the next.
    """
    days = np.arange(every_days, DAYS + 1, every_days)
    verdicts = _verdicts(experiments, seed, USERS_PER_DAY, 0.0, days)
    shipped = int((verdicts == "ship").any(axis=1).sum())
    question = "A/A, a verdict every day: ships"
    yield share_found(question, "d7_return", shipped, experiments, "<= 5%")


def shipped_lift(experiments: int, seed: int, lift: float = 0.03) -> Iterator[Finding]:
    """Plant a lift of D7 and nothing else: it must be shipped as often as was promised."""
    count = users_for_rate(BASELINE, lift)
    per_day = math.ceil(count / 2 / DAYS)
    verdicts = _verdicts(experiments, seed, per_day, lift, np.array([DAYS]))
    shipped = int((verdicts == "ship").sum())
    question = f"D7 lift of {100 * lift:g} points, 1 of {len(NAMES)} metrics, ships at the end"
    yield share_found(question, "d7_return", shipped, experiments, ">= 80%")


def _verdicts(
    experiments: int, seed: int, per_day: int, lift: float, days: np.ndarray
) -> np.ndarray:
    """Return the verdict of every experiment after each of `days`; (experiments, days)."""
    generator = np.random.default_rng(seed)
    rates = np.stack([RATES, RATES])
    rates[1, 0] += lift
    blocks = []
    for start in range(0, experiments, BLOCK):
        size = min(BLOCK, experiments - start)
        daily = generator.binomial(per_day, rates, (size, DAYS, *rates.shape))
        ones = daily.cumsum(axis=1)[:, days - 1]
        blocks.append(_decided(ones, per_day * days, per_day).reshape(size, len(days)))
    return np.concatenate(blocks)


def _decided(ones: np.ndarray, users: np.ndarray, per_day: int) -> np.ndarray:
    """Ask for the verdict of every look; `ones` is of shape (experiments, days, arms, metrics)."""
    # Every look is an experiment of its own: nothing is known of the days to come.
    looks = [f"{number:06}" for number in range(ones.shape[0] * ones.shape[1])]
    counts = np.tile(users, len(ones))
    ends_at = START + pd.Timedelta(days=DAYS)
    rows = pd.DataFrame({"experiment_id": looks, "primary_metric": NAMES[0]})
    rows = rows.assign(guardrails=GUARDRAILS, ends_at=ends_at)
    arms = _arms(looks, counts)
    checks = _checks(looks, counts, 2.0 * per_day * DAYS)
    results = experiment_results(_sums(looks, ones, users), arms, checks, rows)
    asked = set(_worth_asking(results)) | set(looks[len(users) - 1 :: len(users)])
    rows, checks, arms = (
        frame.loc[frame["experiment_id"].isin(asked)] for frame in (rows, checks, arms)
    )
    seen = results.loc[results["experiment_id"].isin(asked) & results["metric"].isin(NAMES[:2])]
    decisions = experiment_decisions(rows, checks, arms, METRICS, seen)
    last = decisions.loc[decisions["step"] == "verdict"].set_index("experiment_id")["verdict"]
    return last.reindex(looks, fill_value="not asked").to_numpy()


def _worth_asking(results: pd.DataFrame) -> pd.Series:
    """Return the looks at which the deciding metric differs: at others nothing can be shipped."""
    differs = results["adjusted_p_value"] <= Bounds().false_discovery_rate
    return results.loc[(results["metric"] == NAMES[0]) & differs, "experiment_id"]


def _sums(looks: list[str], ones: np.ndarray, users: np.ndarray) -> pd.DataFrame:
    """Write the users of every look as `exp_metric_sums` would."""
    count = np.broadcast_to(users[None, :, None, None], ones.shape)
    zero = np.zeros(ones.shape)
    parts = [count, ones, count, zero, ones, count, zero, ones, zero, zero]
    sums = np.stack(parts, axis=-1).reshape(-1, len(COLUMNS)).astype(np.float64)
    names = ["experiment_id", "variant", "metric"]
    keys = pd.MultiIndex.from_product([looks, ARMS, METRICS["metric"]], names=names)
    frame = pd.DataFrame(sums, columns=COLUMNS, index=keys).reset_index()
    return frame.assign(slice_name="all", slice="all", exposed_count=frame["user_count"])


def _arms(looks: list[str], counts: np.ndarray) -> pd.DataFrame:
    """Split users evenly: the split has questions of its own."""
    each = len(ARMS)
    return pd.DataFrame(
        {
            "experiment_id": np.repeat(looks, each),
            "variant": ARMS * len(looks),
            "serves": ("popular", "live") * len(looks),
            "variant_number": (1, 2) * len(looks),
            "share": 1 / each,
            "user_count": np.repeat(counts, each),
            "two_variants_count": 0,
            "is_control": (True, False) * len(looks),
        }
    )


def _checks(looks: list[str], counts: np.ndarray, expected: float) -> pd.DataFrame:
    """Say that nothing is wrong with the log, and that it ends when the last user is counted."""
    per_day = expected / DAYS
    days = pd.to_timedelta(2 * counts / per_day, unit="D")
    longest = pd.Timedelta(days=int(METRICS["window_until_days"].max()) + LATENESS_DAYS)
    return pd.DataFrame(
        {
            "experiment_id": looks,
            "exposed_count": 2 * counts,
            "user_count": 2 * counts,
            "unknown_variant_count": 0,
            "missing_day_count": 0,
            "naming_count": 0,
            "join_rate": np.nan,
            "join_window_hours": 24.0,
            "late_share": 0.0,
            "lateness_days": LATENESS_DAYS,
            "expected_user_count": expected,
            "observed_until": START + days + longest,
        }
    )
