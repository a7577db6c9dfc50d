"""How long what has come waits: measured also where the loop's timers wait for ever."""

from __future__ import annotations

import asyncio
import threading
import time

from gateway.proxy.probe import Probe
from tests.proxy.lane_kit import until
from tests.proxy.listening import on_both_loops


@on_both_loops
async def test_a_byte_waits_as_long_as_the_loop_is_busy() -> None:
    told: list[tuple[float, float]] = []
    others = set(threading.enumerate())
    probe = Probe(0.01, lambda lag, elapsed: told.append((lag, elapsed)))
    probe.start()
    await until(lambda: len(told) >= 3)
    told.clear()
    time.sleep(0.3)  # noqa: ASYNC251 - the loop is kept busy
    await until(lambda: bool(told))
    assert max(lag for lag, _ in told) > 0.2
    assert max(elapsed for _, elapsed in told) > 0.25
    probe.stop()
    probe.stop()
    await until(lambda: not any(thread.name == "probe" for thread in set(threading.enumerate()) - others))
    told.clear()
    await asyncio.sleep(0.05)
    assert told == []
