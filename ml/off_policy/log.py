"""What was shown with which probability, and what another policy would have shown instead."""

from dataclasses import dataclass, fields

import numpy as np
from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class LoggedActions:
    """Impressions of a log; equally long arrays, one row per item shown.

    Attributes
    ----------
    users : ndarray of int
        Numbers of the users; rows of one user depend on each other.
    requests : ndarray of int
        Numbers of the lists.
    places : ndarray of int
        Ranks in the list, from 1.
    actions : ndarray of int
        Numbers of the items shown, from 0.
    propensities : ndarray of float
        Probability that the logging policy put this item at this place. Nan where it is not known.
        For lists whose propensities are given the items above, see `propensities_without_repeats`.
    outcomes : ndarray of float
        What the impression earned, >= 0 and finite: a click is 1.

    Raises
    ------
    ValueError
        If the arrays differ in length, a place is below 1, or an outcome is negative or not finite.
    """

    users: np.ndarray
    requests: np.ndarray
    places: np.ndarray
    actions: np.ndarray
    propensities: np.ndarray
    outcomes: np.ndarray

    def __post_init__(self) -> None:
        """Refuse arrays that are no log."""
        sizes = {field.name: getattr(self, field.name).size for field in fields(self)}
        if len(set(sizes.values())) > 1:
            raise ValueError(f"the columns of a log must be equally long, got {sizes}")
        if self.size and self.places.min() < 1:
            raise ValueError(f"places must be >= 1, got {self.places.min()}")
        if not (np.isfinite(self.outcomes) & (self.outcomes >= 0)).all():
            raise ValueError("outcomes must be finite and >= 0; encode losses in another metric")

    @property
    def size(self) -> int:
        """Number of impressions."""
        return self.users.size

    def take(self, rows: np.ndarray) -> "LoggedActions":
        """Select impressions by a mask or by positions."""
        return LoggedActions(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True)
class Target:
    """A policy that is to be valued: what it would show in each context.

    Attributes
    ----------
    probabilities : csr_matrix of shape (n_contexts, n_actions)
        Rows sum to at most one; a fixed list has a single 1 in the row of each of its places.
    contexts : ndarray of shape (n,), int
        The row that belongs to each impression of the log, -1 where the policy has no answer.

    Raises
    ------
    ValueError
        If a probability lies outside [0, 1] or a row sums to more than one.
    """

    probabilities: csr_matrix
    contexts: np.ndarray

    def __post_init__(self) -> None:
        """Refuse what is no distribution."""
        values = self.probabilities.data
        if values.size and not (values.min() >= 0 and values.max() <= 1):
            raise ValueError(
                f"probabilities of a target must be in [0, 1], got {values.min()} to {values.max()}"
            )
        largest = self.probabilities.sum(axis=1).max() if self.probabilities.shape[0] else 0.0
        if largest > 1 + 1e-6:
            raise ValueError(f"the probabilities of a context must sum to <= 1, got {largest}")

    def take(self, rows: np.ndarray) -> "Target":
        """Select the impressions that `LoggedActions.take` selects."""
        return Target(self.probabilities, self.contexts[rows])

    def of(self, actions: np.ndarray, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Probabilities of one action for each impression of `rows`."""
        return np.asarray(self.probabilities[self.contexts[rows], actions]).ravel()


def uniform_target(size: int, action_count: int) -> Target:
    """Show any action, all equally likely.

    Parameters
    ----------
    size : int
        Impressions of the log.
    action_count : int
        Actions there are, >= 1.

    Returns
    -------
    Target
    """
    row = csr_matrix(np.full((1, action_count), 1.0 / action_count))
    return Target(row, np.zeros(size, dtype=np.int64))


def list_target(
    contexts: np.ndarray,
    actions: np.ndarray,
    context_count: int,
    action_count: int,
    rows: np.ndarray,
) -> Target:
    """Show fixed lists.

    Parameters
    ----------
    contexts, actions : ndarray of shape (m,), int
        The item that stands at a place of somebody's list; a context at most once.
    context_count, action_count : int
        Contexts and actions there are.
    rows : ndarray of shape (n,), int
        Context of each impression, -1 for users or places without an entry.

    Returns
    -------
    Target
    """
    ones = np.ones(contexts.size)
    shape = (max(context_count, 1), action_count)
    return Target(csr_matrix((ones, (contexts, actions)), shape=shape), rows)
