"""The columns that a mapping may name, relation by relation; one without a default is required."""

from pydantic import BaseModel, ConfigDict, field_validator


class KnownKeys(BaseModel):
    """Keys that are not known are refused, so that a slip of the pen is not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Columns(KnownKeys):
    """Key: the name used here. Value: the column of the source; None when it has none."""

    @field_validator("*", mode="before")
    @classmethod
    def _is_a_column_name(cls, value: object) -> object:
        # A key that says null would make dbt look for a column called None.
        if not isinstance(value, str) or not value.strip():
            msg = "is no column name; write one in quotes, or leave the key out"
            raise ValueError(msg)
        return value

    def mapped(self) -> dict[str, str]:
        """Return the columns that the source has: name here to name there."""
        return {key: str(value) for key, value in self.model_dump(exclude_unset=True).items()}


class EventColumns(_Columns):
    """Columns of the log; one row per event."""

    user_id: str
    item_id: str
    event_type: str
    occurred_at: str
    event_id: str | None = None
    value: str | None = None
    session_id: str | None = None
    anonymous_id: str | None = None
    loaded_at: str | None = None
    surface: str | None = None
    device: str | None = None
    request_id: str | None = None


class ItemColumns(_Columns):
    """Columns of the catalogue; one row per item."""

    item_id: str
    title: str | None = None
    category: str | None = None
    created_at: str | None = None
    available: str | None = None
    price: str | None = None


class UserColumns(_Columns):
    """Columns of the table of users; one row per user."""

    user_id: str
    signed_up_at: str | None = None
    segment: str | None = None


class ImpressionColumns(_Columns):
    """Columns of what was shown; one row per item in a shown list."""

    request_id: str
    user_id: str
    item_id: str
    rank: str
    surface: str
    shown_at: str
    release_id: str | None = None
    variant: str | None = None
    fallback: str | None = None
    is_degraded: str | None = None
    propensity: str | None = None
    propensity_kind: str | None = None
    duration_ms: str | None = None
    loaded_at: str | None = None


class AssignmentColumns(_Columns):
    """Columns of a tool's assignments; one row per user and arm, or per visit."""

    user_id: str
    timestamp: str
    experiment_id: str
    variation_id: str


class ExperimentColumns(_Columns):
    """Columns of a table of experiments; one row per experiment, each as in the seed."""

    experiment_id: str
    layer: str
    salt: str
    variants: str
    starts_at: str
    ends_at: str
    primary_metric: str
    layer_from: str | None = None
    layer_until: str | None = None
    unit: str | None = None
    guardrails: str | None = None
    holdout: str | None = None
    note: str | None = None
