"""The channel on which Redis tells what changed, followed by one task for as long as the store is open."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from gateway.stores.freshness import GONE, FreshRows

if TYPE_CHECKING:
    from redis.asyncio import Redis

_PING_SECONDS = 0.3
_SILENCE_SECONDS = 2.0  # without an answer to a ping: the connection is given up
_PAUSE_SECONDS = 0.2


class Channel:
    """Follows changes into FreshRows; when it is lost, everything known is forgotten."""

    def __init__(self, redis: Redis, name: str, rows: FreshRows, monotonic: Callable[[], float]) -> None:
        self._redis = redis
        self._name = name
        self._rows = rows
        self._monotonic = monotonic
        self._pings: deque[float] = deque()
        self._task: asyncio.Task[None] | None = None

    def follow(self) -> None:
        """Begin to listen, unless it listens already."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen(), name="session changes")

    async def close(self) -> None:
        """Stop listening."""
        while self._task is not None and not self._task.done():
            self._task.cancel()  # again if a timeout inside the client took the first one for its own
            await asyncio.wait([self._task], timeout=0.5)
        await self._redis.aclose()

    async def _listen(self) -> None:
        while not _cancelled():
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await self._subscribed()
            self._rows.forget_all()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _subscribed(self) -> None:
        self._pings.clear()
        async with self._redis.pubsub() as pubsub:
            await pubsub.subscribe(self._name)
            ping_at = self._monotonic()
            while not _cancelled():
                now = self._monotonic()
                if now >= ping_at:
                    self._expect_answers(now)
                    await pubsub.ping()
                    ping_at = now + _PING_SECONDS
                message = await pubsub.get_message(timeout=max(ping_at - now, 0.01))
                if message is not None:
                    self._told(message)

    def _expect_answers(self, now: float) -> None:
        if self._pings and now - self._pings[0] > _SILENCE_SECONDS:
            raise RedisConnectionError("the channel is silent")
        self._pings.append(now)

    def _told(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "subscribe":
                self._rows.forget_all()  # what was read before this moment may have changed untold
            case "pong":
                self._rows.certain(self._pings.popleft())
            case "message":
                version, _, key = message["data"].partition(b":")
                self._rows.told(key, GONE if version == b"-1" else int(version))


def _cancelled() -> bool:
    """Whether this task was asked to end. The client's own timeouts and clean-up can swallow the request itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
