"""How often experiments say what is true."""

import math
from collections.abc import Iterator

import numpy as np
from scipy.stats import norm

from benchmarks.experiments.findings import Finding, share_found
from benchmarks.experiments.users import METRICS, Design, draw_users, true_differences
from ml.experiments.effects import Effect, difference
from ml.experiments.moments import Moments, moments_from_sums, sums_of_users
from ml.experiments.power import users_for_rate
from ml.experiments.results import LEAST_USERS, USERS_EXPECTED
from ml.experiments.sample_ratio import anytime_p_values
from ml.experiments.sequences import LEVEL, multiplier, tuning

# Experiments drawn at a time: memory.
BLOCK = 50
ONE_LOOK = float(norm.ppf((1 + LEVEL) / 2))


def looks(design: Design, experiments: int, seed: int) -> dict[str, list[Effect]]:
    """Simulate experiments, and return the effects after every day; shape (experiments, days)."""
    generator = np.random.default_rng(seed)
    found: dict[str, list[Effect]] = {metric: [] for metric in METRICS}
    for start in range(0, experiments, BLOCK):
        users = draw_users(min(BLOCK, experiments - start), design, generator)
        for metric in METRICS:
            arms = []
            for is_in in (~users.is_treated, users.is_treated):
                weights = is_in.astype(np.float64)
                parts = sums_of_users(
                    users.numerators[metric] * weights,
                    users.denominators[metric] * weights,
                    users.habit * weights,
                )
                parts[..., 0] = weights.sum(axis=-1)
                arms.append(moments_from_sums(parts.cumsum(axis=1)))
            effect = difference(*arms)
            enough = np.minimum(arms[0].count, arms[1].count) >= LEAST_USERS
            effect.variance[~enough] = np.inf
            effect.plain_variance[~enough] = np.inf
            found[metric].append(effect)
    return found


def alike(experiments: int, seed: int) -> Iterator[Finding]:
    """Treat both arms alike and look every day, for how often anything seems to differ."""
    design = Design()
    for metric, effects in looks(design, experiments, seed).items():
        ever = {"sequence": 0, "one look": 0}
        for effect in effects:
            z = np.abs(effect.difference) / np.sqrt(effect.variance)
            reach = multiplier(effect.count, tuning(design.users))
            ever["sequence"] += int((z > reach).any(axis=1).sum())
            ever["one look"] += int((z > ONE_LOOK).any(axis=1).sum())
        yield share_found(
            "A/A, looked at daily: rejects", metric, ever["sequence"], experiments, "<= 5%"
        )
        yield share_found(
            "the same with ordinary intervals", metric, ever["one look"], experiments, "none"
        )


def uneven(experiments: int, seed: int) -> Iterator[Finding]:
    """Keep one user in twenty as the control, alike or not, and look every day."""
    for lift, question, promise in (
        (0.0, "A/A, 5% in control, looked at daily: rejects", "<= 5%"),
        (0.1, "5% in control: sequence holds the truth at all looks", ">= 95%"),
    ):
        design = Design(users_per_day=300, lift=lift, treated_share=0.95)
        truth = true_differences(design)
        for metric, effects in looks(design, experiments, seed).items():
            held = sum(_held_always(effect, truth[metric], design) for effect in effects)
            count = held if lift else experiments - held
            yield share_found(question, metric, count, experiments, promise)


def _held_always(effect: Effect, truth: float, design: Design) -> int:
    """Count experiments whose sequence holds the truth at every look."""
    z = np.abs(effect.difference - truth) / np.sqrt(effect.variance)
    return int((z <= multiplier(effect.count, tuning(design.users))).all(axis=1).sum())


def different(experiments: int, seed: int) -> Iterator[Finding]:
    """Plant a lift: intervals must hold it, and habits make them narrower without bias."""
    design = Design(lift=0.1)
    truth = true_differences(design)
    for metric, effects in looks(design, experiments, seed).items():
        always = last = 0
        errors, plain_errors = [], []
        for effect in effects:
            error = effect.difference - truth[metric]
            z = np.abs(error) / np.sqrt(effect.variance)
            always += _held_always(effect, truth[metric], design)
            last += int((z[:, -1] <= ONE_LOOK).sum())
            errors.append(error[:, -1])
            plain_errors.append(effect.plain_difference[:, -1] - truth[metric])
        yield share_found(
            "sequence holds the truth at all looks", metric, always, experiments, ">= 95%"
        )
        yield share_found("ordinary interval holds it at the end", metric, last, experiments, "95%")
        moved = np.concatenate(errors) - np.concatenate(plain_errors)
        yield _bias(metric, moved / truth[metric])
        yield _narrower(metric, np.concatenate(errors), np.concatenate(plain_errors))


def power(experiments: int, seed: int) -> Iterator[Finding]:
    """Plant a D7 lift and take in as many users as were said to be needed."""
    baseline, lift = 0.3, 0.03
    count = users_for_rate(baseline, lift)
    generator = np.random.default_rng(seed)
    days = 28
    per_day = math.ceil(count / 2 / days)
    found = {count: 0, USERS_EXPECTED: 0}
    for start in range(0, experiments, 500):
        size = min(500, experiments - start)
        arms = []
        for rate in (baseline, baseline + lift):
            returned = generator.binomial(per_day, rate, (size, days)).cumsum(axis=1)
            arms.append(_counted(returned, per_day * np.arange(1, days + 1)))
        effect = difference(*arms)
        z = effect.difference / np.sqrt(effect.variance)
        for expected in found:
            reach = multiplier(effect.count, tuning(expected))
            found[expected] += int((z > reach).any(axis=1).sum())
    question = f"D7 lift of 3 points found by {count:,} users"
    yield share_found(question, "d7_return", found[count], experiments, ">= 80%")
    question = f"the same when {USERS_EXPECTED:,.0f} were expected"
    yield share_found(question, "d7_return", found[USERS_EXPECTED], experiments, "none")


def moving(experiments: int, seed: int) -> Iterator[Finding]:
    """Look every day for a year at two halves alike of the last nine weeks, as `history` does."""
    generator = np.random.default_rng(seed)
    window, days, per_day = 63, 365, 50
    arms = []
    for _ in range(2):
        returned = generator.binomial(per_day, 0.3, (experiments, window + days)).cumsum(axis=1)
        arms.append(_counted(returned[:, window:] - returned[:, :-window], per_day * window))
    effect = difference(*arms)
    z = np.abs(effect.difference) / np.sqrt(effect.variance)
    alarms = int((z > multiplier(effect.count, tuning(2 * per_day * window))).any(axis=1).sum())
    question = "halves alike of the last nine weeks, a year: alarm"
    yield share_found(question, "d7_return", alarms, experiments, "none")


def _counted(returned: np.ndarray, users: np.ndarray | float) -> Moments:
    """Return the moments of users of whom so many returned; without habits."""
    count, zero = np.broadcast_to(users, returned.shape), np.zeros(returned.shape)
    parts = [count, returned, count, zero, returned, count, zero, returned, zero, zero]
    return moments_from_sums(np.stack(parts, axis=-1).astype(np.float64))


def sample_ratios(experiments: int, seed: int) -> Iterator[Finding]:
    """Split users as planned, by one in a hundred otherwise, and by much; look every day."""
    generator = np.random.default_rng(seed)
    plan, days = np.array([0.5, 0.5]), 28
    for share, per_day, question, promise in (
        (0.5, 18_000, "users split evenly, looked at daily: alarm", "<= 0.1%"),
        (0.505, 18_000, "50.5% in one arm, 504,000 users: alarm", ">= 99%"),
        (0.6, 50, "60% in one arm, 1,400 users: alarm", ">= 99%"),
    ):
        one = generator.binomial(per_day, share, (experiments, days)).cumsum(axis=1)
        counts = np.stack([one, per_day * np.arange(1, days + 1) - one], axis=-1)
        alarms = int((anytime_p_values(counts, plan) < 0.001).any(axis=1).sum())
        yield share_found(question, "users", alarms, experiments, promise)


def _bias(metric: str, moved: np.ndarray) -> Finding:
    """Ask whether habits move the estimate: experiment by experiment, against the plain one."""
    mean, reach = float(moved.mean()), ONE_LOOK * float(moved.std()) / math.sqrt(len(moved))
    name = "CUPED minus plain, as a share of the lift"
    return Finding(name, metric, mean, mean - reach, mean + reach, "0", abs(mean) <= 1.5 * reach)


def _narrower(metric: str, errors: np.ndarray, plain: np.ndarray) -> Finding:
    """Compare the spread of the estimates themselves, by drawing experiments again."""
    generator = np.random.default_rng(0)
    rows = generator.integers(0, len(errors), (1000, len(errors)))
    ratios = errors[rows].std(axis=1) / plain[rows].std(axis=1)
    value = float(errors.std() / plain.std())
    lower, upper = (float(bound) for bound in np.quantile(ratios, [0.025, 0.975]))
    # Clicks at a rate that no habit foretells have nothing to gain, and must lose nothing.
    is_kept = metric == "click_through"
    promise, holds = ("<= 101%", lower <= 1.01) if is_kept else ("< 100%", upper < 1.0)
    return Finding(
        "CUPED: spread, as a share of the plain", metric, value, lower, upper, promise, holds
    )
