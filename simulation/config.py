"""What a simulated shop looks like: sizes, dates, habits, dirt."""

from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time

SECONDS_PER_DAY = 86_400
# Users whose random numbers are drawn together. Part of what a seed means:
# another size is another log.
BLOCK_USERS = 16_384

# The defects of which a row has at most one, each with a rate of the same name.
DEFECTS = (
    "missing_user",
    "missing_item",
    "missing_type",
    "unknown_type",
    "unparsable_time",
    "future_time",
    "impossible_value",
    "late",
    "repeated",
)


@dataclass(frozen=True)
class DirtRates:
    """Shares of delivered rows that are damaged, and how many users are bots.

    Defects (`DEFECTS`) exclude each other: a row has at most one of them.
    Spelling and time zone fall on any row, damaged or not.

    Attributes
    ----------
    missing_user, missing_item, missing_type : float
        The field is null.
    unknown_type : float
        An event type the shop never announced.
    unparsable_time : float
        ``occurred_at`` is no time.
    future_time : float
        ``occurred_at`` lies 1 to 400 days after the end of the log.
    impossible_value : float
        ``value`` is negative, infinite, text or, in a sixth of these rows,
        ``NaN``, which counts as none (``missing_value`` in the truth); of the
        rows that have a value.
    late : float
        Loaded 1 to 6 days after it happened.
    repeated : float
        Delivered a second time, up to two days later, with the same
        ``event_id``; only rows without one of the defects above.
    odd_spelling : float
        The event type in capitals or with blanks around it.
    zulu_time, offset_time : float
        ``occurred_at`` with a ``Z``, or in a zone with its offset; the rest
        has neither and is UTC.
    bot_users : float
        Share of the users that are bots.
    bot_active_days : float
        Chance that a bot runs on a day.
    bot_views : tuple of int
        Fewest and most views of a bot on a day it runs.
    """

    missing_user: float = 0.004
    missing_item: float = 0.002
    missing_type: float = 0.001
    unknown_type: float = 0.003
    unparsable_time: float = 0.002
    future_time: float = 0.001
    impossible_value: float = 0.003
    late: float = 0.015
    repeated: float = 0.010
    odd_spelling: float = 0.05
    zulu_time: float = 0.10
    offset_time: float = 0.10
    bot_users: float = 0.004
    bot_active_days: float = 0.02
    bot_views: tuple[int, int] = (200, 400)

    def __post_init__(self) -> None:
        """Refuse rates that are no shares."""
        for column in fields(self):
            rate = getattr(self, column.name)
            if column.name != "bot_views" and not 0 <= rate <= 1:
                raise ValueError(f"{column.name} must be in [0, 1], got {rate}")
        together = sum(getattr(self, name) for name in DEFECTS)
        if together > 1:
            raise ValueError(f"defects exclude each other: their rates sum to {together}, over 1")
        fewest, most = self.bot_views
        if not 0 <= fewest <= most:
            raise ValueError(f"bot_views must be two rising counts >= 0, got {self.bot_views}")


NO_DIRT = DirtRates(
    missing_user=0,
    missing_item=0,
    missing_type=0,
    unknown_type=0,
    unparsable_time=0,
    future_time=0,
    impossible_value=0,
    late=0,
    repeated=0,
    odd_spelling=0,
    zulu_time=0,
    offset_time=0,
    bot_users=0,
)


@dataclass(frozen=True)
class Habits:
    """How users answer; probabilities unless said otherwise.

    Attributes
    ----------
    taste_weight : float
        Factor of the match of taste and item (a cosine) in the utility.
    utility_offset : float
        Added to every utility: the reluctance to act at all.
    complement_bonus : float
        Added to the utility of an item that goes with a recent purchase.
    complement_days : int
        Days a purchase counts as recent.
    complement_search : float
        Chance that a session with a recent purchase searches what goes with it.
    searches : tuple of float
        Chance of a first, second, third item found by search in a session.
    second_session : float
        Chance of a second session on a day of a visit.
    examination_decay : float
        A list's rank r is looked at with ``1 / (1 + decay * (r - 1))``.
    view, cart, purchase, dislike : float
        A looked-at item is viewed with ``view * relevance``, a viewed one put
        in the cart with ``cart * relevance`` or disliked with
        ``dislike * (1 - relevance) ** 2``, one in the cart is bought with
        ``purchase``.
    repeat_interest : float
        Factor on view and cart when the user bought the item before.
    visit_floor, visit_gain : float
        A user visits with ``activity * (floor + gain * satisfaction)``.
    memory : float
        Weight of the past in satisfaction; the rest is the relevance of the
        list just seen.
    """

    taste_weight: float = 7.0
    utility_offset: float = -4.1
    complement_bonus: float = 3.0
    complement_days: int = 14
    complement_search: float = 0.6
    searches: tuple[float, ...] = (0.5, 0.3, 0.15)
    second_session: float = 0.12
    examination_decay: float = 0.12
    view: float = 0.9
    cart: float = 0.5
    purchase: float = 0.6
    dislike: float = 0.12
    repeat_interest: float = 0.2
    visit_floor: float = 0.3
    visit_gain: float = 2.0
    memory: float = 0.75


@dataclass(frozen=True)
class WorldConfig:
    """Everything that decides a log; equal configurations give equal logs.

    Attributes
    ----------
    users, items, days : int
        Sizes, each >= 1. Users include the bots.
    seed : int
        >= 0.
    end_date : date
        The log covers ``[end_date - days, end_date)`` in UTC; a row that would
        be loaded at or after the end is not in it.
    list_length : int
        Items on a list, >= 1; fewer when the shop has fewer.
    habits : Habits
    dirt : DirtRates
    """

    users: int
    items: int
    days: int
    seed: int
    end_date: date = date(2026, 3, 1)
    list_length: int = 10
    habits: Habits = field(default_factory=Habits)
    dirt: DirtRates = field(default_factory=DirtRates)

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be simulated."""
        for name in ("users", "items", "days", "list_length"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        if self.seed < 0:
            raise ValueError(f"seed must be >= 0, got {self.seed}")

    @property
    def end_second(self) -> int:
        """Unix second at which the log ends."""
        return int(datetime.combine(self.end_date, time(), tzinfo=UTC).timestamp())

    @property
    def start_second(self) -> int:
        """Unix second at which the log starts."""
        return self.end_second - self.days * SECONDS_PER_DAY

    @property
    def block_count(self) -> int:
        """Blocks of `BLOCK_USERS` the users are divided into, the last one smaller."""
        return -(-self.users // BLOCK_USERS)


# The shop whose log is shipped in seeds/sample/.
SAMPLE = WorldConfig(users=900, items=350, days=120, seed=20260301)
