"""Recent events in Redis, where Feast's own store looks for the features of their view."""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import mmh3
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from feature_repo.recent_events import FEATURE, KEY, VIEW, RecentEvent, decoded, encoded, merged

# Feast's number for text, in keys; version 3 of its format.
_STRING = 2
_FEATURE_FIELD = struct.pack("<I", mmh3.hash(f"{VIEW}:{FEATURE}", signed=False))
_MOMENT_FIELD = f"_ts:{VIEW}".encode()
# Field 2 of Feast's Value, `string_val`, has this tag in protobuf's wire format.
_STRING_TAG = 0x12
_ATTEMPTS = 20


class RedisRecentEvents:
    """Recent events in a Redis server that all processes of all machines share.

    Parameters
    ----------
    url : str
        Such as `redis://localhost:6379/0`.
    project : str
        Feast's name for the feature store; part of every key.
    patience_seconds : float
        How long the server is waited for.
    """

    def __init__(self, url: str, project: str, patience_seconds: float = 0.2) -> None:
        self._project = project.encode()
        # The client's types know texts only; keys and fields here are bytes.
        self._client: Any = redis.Redis.from_url(
            url,
            socket_timeout=patience_seconds,
            socket_connect_timeout=patience_seconds,
            # Waiting and trying again is for the caller, who has a user waiting.
            retry=Retry(NoBackoff(), 0),
        )

    def add(self, events: Mapping[str, Sequence[RecentEvent]]) -> None:
        """Add events by user; one that is known already changes nothing."""
        try:
            for user_id, added in sorted(events.items()):
                self._add(user_id, added)
        except redis.RedisError as error:
            raise _unavailable(error) from error

    def read(self, user_id: str) -> list[RecentEvent]:
        """Return the events of a user, oldest first; none for a stranger."""
        try:
            stored = self._client.hget(self._key(user_id), _FEATURE_FIELD)
        except redis.RedisError as error:
            raise _unavailable(error) from error
        return decoded(text_of_value(stored)) if stored else []

    def read_at_once(self, user_id: str) -> list[RecentEvent] | None:
        """Return None: a server has to be waited for."""
        return None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _add(self, user_id: str, added: Sequence[RecentEvent]) -> None:
        """Read, change and write as one step, again if another process was faster."""
        key = self._key(user_id)
        for _ in range(_ATTEMPTS):
            with self._client.pipeline() as pipe:
                try:
                    pipe.watch(key)
                    stored = pipe.hget(key, _FEATURE_FIELD)
                    rows = merged(decoded(text_of_value(stored)) if stored else [], added)
                    newest = rows[-1].occurred_at if rows else 0.0
                    pipe.multi()
                    cells = {
                        _FEATURE_FIELD: value_of_text(encoded(rows)),
                        _MOMENT_FIELD: _timestamp(newest),
                    }
                    pipe.hset(key, mapping=cells)
                    pipe.execute()
                except redis.WatchError:
                    continue
                return
        msg = f"the events of one user were changed {_ATTEMPTS} times meanwhile; try again"
        raise OSError(msg)

    def _key(self, user_id: str) -> bytes:
        """Return Feast's key of a user: how many keys, their types, names and values; project."""
        parts = [struct.pack("<I", 1)]
        for text in (KEY, user_id):
            data = text.encode()
            parts += [struct.pack("<II", _STRING, len(data)), data]
        return b"".join([*parts, self._project])


def value_of_text(text: str) -> bytes:
    """Write a text as Feast's `Value`."""
    data = text.encode()
    return bytes([_STRING_TAG]) + _varint(len(data)) + data


def text_of_value(value: bytes) -> bytes:
    """Read the text of Feast's `Value`.

    Raises
    ------
    OSError
        If it is no text.
    """
    if not value or value[0] != _STRING_TAG:
        msg = f"the feature {VIEW}:{FEATURE} is no text in the online store"
        raise OSError(msg)
    # The length, of which the last byte alone is below 0x80, is not needed: the text is the rest.
    place = 1
    while place < len(value) and value[place] & 0x80:
        place += 1
    return value[place + 1 :]


def _timestamp(seconds: float) -> bytes:
    """Write a moment as protobuf's `Timestamp`: field 1 seconds, field 2 nanoseconds, >= 0."""
    whole, micros = divmod(round(seconds * 1e6), 1_000_000)
    rest = b"\x10" + _varint(micros * 1000) if micros else b""
    return b"\x08" + _varint(whole) + rest


def _varint(number: int) -> bytes:
    """Write a number in protobuf's form: seven bits a byte, the lowest first."""
    # One below 0 is written as the 64 bits of its two's complement.
    number &= 0xFFFF_FFFF_FFFF_FFFF
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def _unavailable(error: redis.RedisError) -> OSError:
    return OSError(f"Redis does not answer: {error}")
