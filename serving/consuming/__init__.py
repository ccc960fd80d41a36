"""Events from a log that somebody runs already, such as Redis Streams."""

from serving.consuming.consumer import Consumer, Counts, EventLog, Message
from serving.consuming.redis_stream import RedisStream

__all__ = ["Consumer", "Counts", "EventLog", "Message", "RedisStream"]
