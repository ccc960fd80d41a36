import asyncio
import time

from serving.delay import TICK_SECONDS, LoopDelay


def test_a_loop_that_is_kept_busy_is_late_and_catches_up():
    async def seen() -> list[float]:
        delay = LoopDelay()
        at_first = delay.seconds()
        time.sleep(0.2)
        busy = delay.seconds()
        # The clock had its turn.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return [at_first, busy, delay.seconds()]

    at_first, busy, after = asyncio.run(seen())
    assert at_first < busy
    assert busy >= 0.2 - TICK_SECONDS
    assert after < busy


def test_a_new_loop_begins_on_time():
    delay = LoopDelay()

    async def seen() -> float:
        return delay.seconds()

    assert asyncio.run(seen()) < 0.2
    time.sleep(0.3)
    assert asyncio.run(seen()) < 0.2
