"""Invented users of many experiments at once, whose true effect is known."""

from dataclasses import dataclass

import numpy as np

METRICS = ("d7_return", "revenue", "click_through")


@dataclass(frozen=True)
class Design:
    """What is simulated.

    Parameters
    ----------
    days : int
        On which users come for the first time, and after each of which somebody looks.
    users_per_day : int
        New users a day, each in one of the two arms by chance.
    lift : float
        Added to the chance of coming back, the mean revenue and the chance of a click, as a share
        of the control's.
    treated_share : float
        Chance of being in the second arm.
    """

    days: int = 28
    users_per_day: int = 150
    lift: float = 0.0
    treated_share: float = 0.5

    @property
    def users(self) -> int:
        """Users of an experiment, both arms."""
        return self.days * self.users_per_day


@dataclass(frozen=True)
class Users:
    """Users of some experiments; every array is of shape (experiments, days, users per day)."""

    is_treated: np.ndarray
    habit: np.ndarray
    numerators: dict[str, np.ndarray]
    denominators: dict[str, np.ndarray]


def true_differences(design: Design) -> dict[str, float]:
    """Return what the arms truly differ by, from the formulas the users are drawn with."""
    return {
        "d7_return": RETURN_RATE * design.lift,
        "revenue": BUYERS * BASKET * design.lift,
        "click_through": CLICK_RATE * design.lift,
    }


RETURN_RATE = 0.3
BUYERS = 0.12
BASKET = 25.0
CLICK_RATE = 0.08
# Of the gamma distribution that a user's eagerness has: its mean is 1, its variance 1 / SHAPE.
SHAPE = 2.0
MOST_EAGER = 2.5


def draw_users(experiments: int, design: Design, generator: np.random.Generator) -> Users:
    """Draw users who are more or less eager, which shows in habits and outcomes alike.

    Coming back is rare enough for the chance to stay below one; baskets are lognormal, so that
    few users make most of the revenue; who is eager is shown more and clicks more.
    """
    shape = (experiments, design.days, design.users_per_day)
    eager = generator.gamma(SHAPE, 1 / SHAPE, shape)
    is_treated = generator.random(shape) < design.treated_share
    factor = 1 + design.lift * is_treated
    # No chance may reach one, also with a lift: eagerness is capped, and its mean corrected.
    habitual = np.minimum(eager, MOST_EAGER) / MEAN_OF_CAPPED
    returned = generator.random(shape) < RETURN_RATE * habitual * factor
    bought = generator.random(shape) < BUYERS * habitual
    basket = generator.lognormal(np.log(BASKET) - 0.5, 1.0, shape)
    shown = 1 + generator.poisson(9 * eager)
    clicks = generator.binomial(shown, np.minimum(CLICK_RATE * factor, 1.0))
    ones = np.ones(1)
    return Users(
        is_treated=is_treated,
        habit=generator.poisson(3 * eager).astype(np.float64),
        numerators={
            "d7_return": returned.astype(np.float64),
            "revenue": bought * basket * factor,
            "click_through": clicks.astype(np.float64),
        },
        denominators={"d7_return": ones, "revenue": ones, "click_through": shown.astype(float)},
    )


def _mean_of_capped() -> float:
    """Return the mean of the capped eagerness from the distribution function of the gamma."""
    grid = np.linspace(0.0, MOST_EAGER, 300_001)
    # The survival function of a gamma distribution with shape 2 and rate 2.
    survival = np.exp(-2 * grid) * (1 + 2 * grid)
    return float(np.trapezoid(survival, grid))


MEAN_OF_CAPPED = _mean_of_capped()
