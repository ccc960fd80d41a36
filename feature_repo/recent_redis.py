"""Recent events in Redis, where Feast's own store looks for the features of their view."""

import struct
from collections.abc import Mapping, Sequence
from hashlib import sha1
from typing import Any

import mmh3
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from feature_repo.recent_events import (
    FEATURE,
    KEY,
    VIEW,
    EventsReader,
    RecentEvent,
    UnreadableEventsError,
    decoded,
    encoded,
    merged,
)

# Feast's number for text, in keys; version 3 of its format.
_STRING = 2
_FEATURE_FIELD = struct.pack("<I", mmh3.hash(f"{VIEW}:{FEATURE}", signed=False))
_MOMENT_FIELD = f"_ts:{VIEW}".encode()
# Field 2 of Feast's Value, `string_val`, has this tag in protobuf's wire format.
_STRING_TAG = 0x12
_ATTEMPTS = 20
# Users that are written at once: the server does nothing else meanwhile.
_BLOCK = 500
# Writes the users whose events are still those that were read; of the others another process was
# faster. One script for all, so that the server's own write to disk is one as well.
_WRITE = """
local done = {}
for place, key in ipairs(KEYS) do
    local digest, cell, moment = ARGV[3 * place], ARGV[3 * place + 1], ARGV[3 * place + 2]
    done[place] = 0
    if redis.sha1hex(redis.call('hget', key, ARGV[1]) or '') == digest then
        redis.call('hset', key, ARGV[1], cell, ARGV[2], moment)
        done[place] = 1
    end
end
return done
"""


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
        self._reader = EventsReader(lambda stored: decoded(text_of_value(stored)))

    def add(self, events: Mapping[str, Sequence[RecentEvent]]) -> None:
        """Add events by user; one that is known already changes nothing.

        What is stored of them and cannot be read is replaced.
        """
        users = sorted(events)
        try:
            for first in range(0, len(users), _BLOCK):
                self._add({user_id: events[user_id] for user_id in users[first : first + _BLOCK]})
        except redis.RedisError as error:
            raise _unavailable(error) from error

    def read(self, user_id: str) -> list[RecentEvent]:
        """Return the events of a user, oldest first; none for a stranger.

        Raises
        ------
        UnreadableEventsError
            If what is stored of this user cannot be read.
        """
        try:
            stored = self._client.hget(self._key(user_id), _FEATURE_FIELD)
        except redis.RedisError as error:
            raise _unavailable(error) from error
        return self._reader.read(user_id, stored)

    def read_at_once(self, user_id: str) -> list[RecentEvent] | None:
        """Return None: a server has to be waited for."""
        return None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _add(self, left: Mapping[str, Sequence[RecentEvent]]) -> None:
        """Read, change and write, again for those whom another process changed meanwhile."""
        for _ in range(_ATTEMPTS):
            done = self._try(left)
            left = {user_id: left[user_id] for user_id in left if user_id not in done}
            if not left:
                return
        msg = f"the events of {len(left)} users were changed {_ATTEMPTS} times meanwhile; try again"
        raise OSError(msg)

    def _try(self, users: Mapping[str, Sequence[RecentEvent]]) -> set[str]:
        """Return the users who were written; in two round trips, for a request waits for them."""
        keys = [self._key(user_id) for user_id in users]
        with self._client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.hget(key, _FEATURE_FIELD)
            known = pipe.execute()
        cells = []
        for stored, (user_id, added) in zip(known, users.items(), strict=True):
            rows = merged(self._reader.read_to_replace(user_id, stored), added)
            newest = rows[-1].occurred_at if rows else 0.0
            digest = sha1(stored or b"", usedforsecurity=False).hexdigest()
            cells += [digest, value_of_text(encoded(rows)), _timestamp(newest)]
        told = self._client.eval(_WRITE, len(keys), *keys, _FEATURE_FIELD, _MOMENT_FIELD, *cells)
        return {user_id for user_id, is_done in zip(users, told, strict=True) if is_done}

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
    UnreadableEventsError
        If it is no text.
    """
    if not value or value[0] != _STRING_TAG:
        msg = f"the feature {VIEW}:{FEATURE} is no text in the online store"
        raise UnreadableEventsError(msg)
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
