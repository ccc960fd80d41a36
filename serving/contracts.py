"""The forms of questions and answers, as the OpenAPI document shows them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints

ID_RULE = r"^[^\x00-\x1f\x7f]+$"
# Ids are printed, compared and hashed, never put into SQL or a path; the length bounds the memory.
Id = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=ID_RULE)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=ID_RULE)]
# What every place that keeps a moment can hold, in UTC; further away it is a mistake.
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
Fallback = Literal["recent", "personal", "session", "segment", "popular", "neighbours", "none"]
FALLBACKS = (
    "What the list was made from: `recent` the personal list with what the user did since the "
    "release; `personal` the list of the release; `session` neighbours of the last items; "
    "`segment`, `popular` what is popular; `neighbours` of the item that was asked for; `none` "
    "when there is nothing to show: no release, or none of its items is in the `category`."
)
DEGRADED = (
    "What was not available, nothing as a rule: `store` the online store, so that recent events "
    "are missing; `events` those of this user, which cannot be read there until the next one "
    "replaces them; `slow` a ranking that was not ready in time, and `failed` one that failed, so "
    "that the list has its published order; `release` the release that should have answered, or a "
    "part of it."
)

EVENT_EXAMPLE: dict[str, Any] = {
    "user_id": "u00042",
    "item_id": "i0007",
    "event_type": "view",
    "occurred_at": "2026-03-01T12:00:00Z",
    "event_id": "8f14e45f-ceea-4e7a-9f0c-1c1d7c9b2a55",
    "request_id": "01J9ZQ4M6T",
}


class Event(BaseModel):
    """One thing that a user did with an item."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EVENT_EXAMPLE]})

    user_id: Id = Field(description="Who acted.")
    item_id: Id = Field(description="With what; it may be new to the release.")
    event_type: Word = Field(description="A type of `seeds/event_types.csv`, such as `view`.")
    event_id: Id | None = Field(
        default=None,
        description="Yours; sent again, the event counts once. Without one it gets one, and an "
        "event that is sent twice counts twice.",
    )
    occurred_at: AwareDatetime | None = Field(
        default=None,
        ge=EARLIEST,
        lt=LATEST,
        description="When it happened, from the year 1900 on, with an offset; now when left out, "
        "and when it lies in the future, as that of a clock that goes wrong.",
    )
    value: FiniteFloat | None = Field(default=None, description="Rating, quantity or seconds.")
    session_id: Id | None = Field(default=None, description="The visit or basket.")
    anonymous_id: Id | None = Field(default=None, description="The visitor before the login.")
    request_id: Id | None = Field(default=None, description="Of the answer whose list was clicked.")
    surface: Word | None = Field(default=None, description="Where it happened.")
    device: Word | None = Field(default=None, description="The kind of device.")


class EventsAccepted(BaseModel):
    """The events are on disk."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "accepted": 1,
                "event_ids": ["8f14e45f-ceea-4e7a-9f0c-1c1d7c9b2a55"],
                "visible": True,
            }
        }
    )

    accepted: int = Field(description="How many events are on disk.")
    event_ids: list[str] = Field(description="Their ids, in the order they were sent.")
    visible: bool = Field(
        description="Whether the next list reflects them; else it is the next run that does."
    )


class Item(BaseModel):
    """One recommended item."""

    item_id: str = Field(description="The item.")
    rank: int = Field(description="Place in the list, from 1; with `offset` it goes on.", ge=1)
    source: str = Field(description="What proposed it: als, covisitation, popular and so on.")
    score: float | None = Field(
        description="Probability that the user takes it within a horizon, given that the user "
        "takes anything, as the ranker estimates; null when the item came from a list that has "
        "none."
    )
    reason: str = Field(description="Why, in words.")
    evidence: str | None = Field(description="The item of the user's history behind it, if any.")


class Explanation(BaseModel):
    """What a list was made from, when `explain` was asked for."""

    recent_events: int = Field(description="Events since the release that were taken into account.")
    history_items: int = Field(description="Items of the user's history in the release.")
    candidates: int = Field(description="Items that were ranked for this answer.")
    excluded: int = Field(description="Items that may not be shown: seen, disliked, or asked for.")
    degraded: list[str] = Field(description="The same as `degraded` of `meta`.")


class Meta(BaseModel):
    """Where an answer came from."""

    request_id: str = Field(
        description="Name that of a user's list in events, and any in questions about an answer."
    )
    release: str | None = Field(description="The release that the list is made from.")
    variant: str = Field(
        description="Which release this user gets: live, canary, or that of an experiment; and "
        "after it the arm, as `experiment:arm`. What goes with an item is always of the live one."
    )
    generated_at: datetime | None = Field(description="The moment that the release was made for.")
    fallback: Fallback = Field(description=FALLBACKS)
    degraded: list[str] = Field(description=DEGRADED)
    timings: dict[str, float] = Field(description="Milliseconds, by part, and in total.")
    explanation: Explanation | None = Field(default=None, description="Only with `explain=true`.")


RECOMMENDATIONS_EXAMPLE: dict[str, Any] = {
    "items": [
        {
            "item_id": "i0298",
            "rank": 1,
            "score": 0.031,
            "source": "covisitation",
            "reason": "Often follows Oak Lamp 256 (104 people had both)",
            "evidence": "i0007",
        }
    ],
    "meta": {
        "request_id": "3f6c0d0e8b0f4a5f91c27d34",
        "release": "20261123T184603-ac8ad945",
        "variant": "live",
        "generated_at": "2026-03-01T00:00:00Z",
        "fallback": "recent",
        "degraded": [],
        "timings": {"store": 0.2, "rank": 2.1, "total": 2.6},
    },
}


class Recommendations(BaseModel):
    """A list for a user."""

    model_config = ConfigDict(json_schema_extra={"example": RECOMMENDATIONS_EXAMPLE})

    items: list[Item]
    meta: Meta


SIMILAR_ITEM_EXAMPLE: dict[str, Any] = {
    "item_id": "i0298",
    "rank": 1,
    "score": 0.42,
    "source": "covisitation",
    "support": 104,
    "reason": "104 people had both",
}
SIMILAR_EXAMPLE: dict[str, Any] = {
    "items": [SIMILAR_ITEM_EXAMPLE],
    "meta": {
        "request_id": "9b1f0c6d2a7e4f5889d3c0a1",
        "release": "20261123T184603-ac8ad945",
        "variant": "live",
        "generated_at": "2026-03-01T00:00:00Z",
        "fallback": "neighbours",
        "degraded": [],
        "timings": {"total": 0.3},
    },
}


class SimilarItem(BaseModel):
    """One neighbour of an item."""

    model_config = ConfigDict(json_schema_extra={"example": SIMILAR_ITEM_EXAMPLE})

    item_id: str = Field(description="The neighbour.")
    rank: int = Field(description="Place among the neighbours, from 1.", ge=1)
    score: float = Field(description="Strength of the tie; comparable within one answer.")
    source: str = Field(description="covisitation, content or popular.")
    support: int = Field(description="People in whose history both stand.")
    reason: str = Field(description="Why, in words.")


class Similar(BaseModel):
    """What goes with an item."""

    model_config = ConfigDict(json_schema_extra={"example": SIMILAR_EXAMPLE})

    items: list[SimilarItem]
    meta: Meta


STATUS_EXAMPLE: dict[str, Any] = {
    "status": "degraded",
    "release": "20261123T184603-ac8ad945",
    "degraded": ["the online store does not answer"],
}


class Status(BaseModel):
    """Whether the application answers."""

    model_config = ConfigDict(json_schema_extra={"example": STATUS_EXAMPLE})

    status: Literal["ok", "degraded", "starting", "failed"] = Field(
        description="`starting` until lists can be asked for; `failed` if they never can, unless "
        "the process is started again."
    )
    release: str | None = Field(default=None, description="The live release of this process.")
    degraded: list[str] = Field(default_factory=list, description="What is not available.")
