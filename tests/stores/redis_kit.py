"""Sessions in a Redis of a test's own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from gateway.core.errors import StoreUnavailable
from gateway.stores.redis import RedisSessions
from tests.servers import Server
from tests.stores.clock import Clock

KEY = b"key"


def redis_at(server: Server, clock: Clock) -> RedisSessions:
    return RedisSessions(f"redis://127.0.0.1:{server.port}/0", clock)


async def eventually(ask: Callable[[], Awaitable[object]], seconds: float = 20.0) -> None:
    """Ask until it answers."""
    until = time.monotonic() + seconds
    while True:
        try:
            await ask()
            return
        except StoreUnavailable:
            assert time.monotonic() < until, "it never answered again"
            await asyncio.sleep(0.1)


async def until_peeked(store: RedisSessions) -> None:
    """Read until it is known without asking, which is when the channel is there."""
    async with asyncio.timeout(20):
        while store.peek(KEY) is None or store._fresh._certain_at < 0:
            await store.get(KEY)
            await asyncio.sleep(0.05)
