"""Generated bandit logs whose true values are known."""

import numpy as np
from scipy.sparse import csr_matrix

from ml.off_policy.log import LoggedActions, Target

# Two kinds of users, three items, two places: chances of a click at the first place.
CLICKS = np.array([[0.50, 0.20, 0.05], [0.05, 0.30, 0.40]])
EXAMINED = np.array([1.0, 0.5])
LOGGING = np.array([[0.6, 0.3, 0.1], [0.3, 0.3, 0.4]])
WANTED = np.array([[0.1, 0.2, 0.7], [0.5, 0.4, 0.1]])


def bandit_log(user_count: int, seed: int, rows_per_user: int = 4) -> tuple[LoggedActions, Target]:
    """Draw a log of single items, at places that the policy does not choose."""
    random = np.random.default_rng(seed)
    users = np.repeat(np.arange(user_count), rows_per_user)
    # How ready a user is to click at all: the rows of one user depend on each other.
    eagerness = random.uniform(0.4, 1.6, user_count)[users]
    kinds = users % 2
    places = random.integers(1, 3, users.size)
    actions = (random.random(users.size)[:, None] > LOGGING.cumsum(axis=1)[kinds]).sum(axis=1)
    chances = CLICKS[kinds, actions] * EXAMINED[places - 1] * eagerness
    log = LoggedActions(
        users=users,
        requests=np.arange(users.size),
        places=places,
        actions=actions,
        propensities=LOGGING[kinds, actions],
        outcomes=(random.random(users.size) < chances).astype(np.float64),
    )
    return log, Target(csr_matrix(WANTED), kinds)


def true_value() -> float:
    """Mean outcome of the wanted policy: half of the users of each kind, half at each place."""
    return float((WANTED * CLICKS).sum() / 2 * EXAMINED.mean())
