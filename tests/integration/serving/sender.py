"""A client that sends each event until it is acknowledged, as a client should."""

import random
import threading
import time

import httpx


class Sender(threading.Thread):
    """Sends events, a few at a time, each lot of another user; one lot in four is sent again.

    Parameters
    ----------
    url : str
        Of the server.
    name : str
        With which the ids of events and users begin.
    stop : Event
        Ends it.
    pause_seconds : float
        Between two lots.
    """

    def __init__(
        self, url: str, name: str, stop: threading.Event, pause_seconds: float = 0.0
    ) -> None:
        super().__init__(name=name)
        self.url, self.stop, self.pause_seconds = url, stop, pause_seconds
        self.acknowledged: list[str] = []
        self.sent: list[str] = []

    def run(self) -> None:
        """Send until told to stop."""
        chance = random.Random(self.name)
        client = httpx.Client(base_url=self.url, timeout=5)
        lots = 0
        while not self.stop.is_set():
            user_id, lots = f"{self.name}-{lots}", lots + 1
            ids = [f"{user_id}-{number}" for number in range(chance.randint(1, 5))]
            self.sent += ids
            events = [
                {"event_id": one, "user_id": user_id, "item_id": "i01", "event_type": "view"}
                for one in ids
            ]
            if self._deliver(client, events):
                self.acknowledged += ids
                if chance.random() < 0.25:
                    self._deliver(client, events)
            time.sleep(self.pause_seconds)

    def _deliver(self, client: httpx.Client, events: list[dict[str, str]]) -> bool:
        """Send until it is acknowledged; False if the end came before."""
        while not self.stop.is_set():
            try:
                if client.post("/v1/events", json=events).status_code == 200:
                    return True
            except httpx.TransportError:
                time.sleep(0.01)
        return False
