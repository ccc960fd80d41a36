"""Rows of the log as arrays of numbers, before dirt and before text."""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

EVENT_TYPES = ("view", "cart", "purchase", "dislike")
VIEW, CART, PURCHASE, DISLIKE = range(4)
SURFACES = ("home", "item_page", "search")
HOME, ITEM_PAGE, SEARCH = range(3)
NO_REQUEST = -1


@dataclass(frozen=True)
class Events:
    """What users did; equally long arrays, one row per event.

    Attributes
    ----------
    users, items : ndarray of int
        Numbers.
    types : ndarray of int8
        Index into `EVENT_TYPES`.
    seconds : ndarray of int64
        Unix second of the event.
    values : ndarray of float64
        Seconds looked at for a view, pieces for a purchase, nan otherwise.
    sessions : ndarray of int64
        Number of the session, unique in the log.
    requests : ndarray of int64
        Number of the list that led to the event, `NO_REQUEST` when none did.
    surfaces, devices : ndarray of int8
        Index into `SURFACES` and `world.DEVICES`.
    anonymous : ndarray of int64
        Number of the browser where one was recorded, -1 otherwise.
    """

    users: np.ndarray
    items: np.ndarray
    types: np.ndarray
    seconds: np.ndarray
    values: np.ndarray
    sessions: np.ndarray
    requests: np.ndarray
    surfaces: np.ndarray
    devices: np.ndarray
    anonymous: np.ndarray

    @property
    def size(self) -> int:
        """Number of events."""
        return self.users.size


@dataclass(frozen=True)
class Impressions:
    """What users were shown; equally long arrays, one row per item on a list.

    Attributes
    ----------
    requests : ndarray of int64
        Number of the list, unique in the log.
    users, items : ndarray of int
        Numbers.
    ranks : ndarray of int32
        From 1.
    surfaces : ndarray of int8
        Index into `SURFACES`.
    seconds : ndarray of int64
        Unix second.
    propensities : ndarray of float64
        See `policies.Lists`.
    relevances : ndarray of float64
        Planted truth: probability that the user wants the item.
    policy : str
    """

    requests: np.ndarray
    users: np.ndarray
    items: np.ndarray
    ranks: np.ndarray
    surfaces: np.ndarray
    seconds: np.ndarray
    propensities: np.ndarray
    relevances: np.ndarray
    policy: str


Columns = TypeVar("Columns", bound=Any)


def take(columns: Columns, rows: np.ndarray) -> Columns:
    """Select the same rows of all arrays of a dataclass.

    Parameters
    ----------
    columns : dataclass of equally long arrays
    rows : ndarray of int or bool
        Places or mask.

    Returns
    -------
    The same class
    """
    return type(columns)(*(getattr(columns, field.name)[rows] for field in fields(columns)))


def join_events(parts: list[Events]) -> Events:
    """Put events one after the other.

    Parameters
    ----------
    parts : list of Events
        At least one.

    Returns
    -------
    Events
    """
    names = [field.name for field in fields(Events)]
    return Events(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
