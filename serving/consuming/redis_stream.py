"""A Redis stream as a log of events."""

from collections.abc import Sequence
from typing import Any

import redis

from serving.consuming.consumer import Message

# After so long a message of a consumer that does not acknowledge goes to another one.
TAKE_OVER_SECONDS = 30.0
PATIENCE_SECONDS = 10.0


class RedisStream:
    """A stream, read by a group of consumers.

    Parameters
    ----------
    url : str
        Such as `redis://localhost:6379/0`.
    stream : str
        Key of the stream.
    group : str
        Name of the group; made if it is missing, from the start of the stream.
    consumer : str
        Name of this consumer; the same one after a restart, which then gets back what it had not
        acknowledged.
    take_over_seconds : float
        After so long what others left unacknowledged is taken over.

    Raises
    ------
    ValueError
        If `url` is no address of a Redis server.
    """

    def __init__(
        self,
        url: str,
        stream: str,
        group: str = "topshelf",
        consumer: str = "topshelf-1",
        take_over_seconds: float = TAKE_OVER_SECONDS,
    ) -> None:
        # The client's types know texts only, and answers of several versions. It decodes nothing:
        # one message that is no text would make a whole answer fail, again and again.
        try:
            self._client: Any = redis.Redis.from_url(url, socket_timeout=PATIENCE_SECONDS)
        except ValueError as error:
            raise ValueError(f"url must be redis://HOST:PORT/NUMBER, got {url!r}") from error
        self._stream, self._group, self._consumer = stream, group, consumer
        self._take_over = round(take_over_seconds * 1000)
        self._is_made = self._has_read_own = False

    @property
    def name(self) -> str:
        """Return the key of the stream."""
        return self._stream

    def read(self, count: int, wait_seconds: float) -> Sequence[Message]:
        """Return messages: first those of a former life, then those others left, then new ones."""
        try:
            self._make_group()
            if not self._has_read_own:
                own = self._group_read("0", count, None)
                if own:
                    return own
                self._has_read_own = True
            left = self._client.xautoclaim(
                self._stream, self._group, self._consumer, self._take_over, count=count
            )[1]
            if left:
                return _messages(left)
            return self._group_read(">", count, max(1, round(wait_seconds * 1000)))
        except redis.RedisError as error:
            # Whether the last answer was lost is not known: begin with what is pending.
            self._is_made = self._has_read_own = False
            msg = f"the stream {self._stream!r} cannot be read: {error}"
            raise OSError(msg) from error

    def acknowledge(self, message_ids: Sequence[str]) -> None:
        """Never return these messages again."""
        try:
            self._client.xack(self._stream, self._group, *message_ids)
        except redis.RedisError as error:
            self._has_read_own = False
            msg = f"the stream {self._stream!r} took no acknowledgement: {error}"
            raise OSError(msg) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _make_group(self) -> None:
        if self._is_made:
            return
        try:
            self._client.xgroup_create(self._stream, self._group, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        self._is_made = True

    def _group_read(self, start: str, count: int, block: int | None) -> list[Message]:
        streams = {self._stream: start}
        answer = self._client.xreadgroup(
            self._group, self._consumer, streams, count=count, block=block
        )
        pairs = answer.items() if isinstance(answer, dict) else answer or []
        return [message for _, entries in pairs for message in _messages(entries)]


def _messages(entries: Any) -> list[Message]:  # noqa: ANN401
    """Understand entries; one whose content was deleted meanwhile has none."""
    return [Message(message_id.decode(), content or {}) for message_id, content in entries]
