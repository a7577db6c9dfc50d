"""Uses of sessions on their way to Redis: noted at each request's cost of a dictionary entry, written once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.core.errors import StoreUnavailable
from gateway.stores.redis_node import Servers
from gateway.stores.redis_scripts import TOUCH

_FLUSH_SECONDS = 1.0
_MOST = 100_000  # noted while Redis is away; what is beyond is noted anew at the session's next use


class Uses:
    """When sessions were used last, not written yet."""

    def __init__(self, servers: Servers, clock: Callable[[], float]) -> None:
        self._servers = servers
        self._clock = clock
        self._noted: dict[bytes, float] = {}
        self._on_its_way: dict[bytes, float] = {}
        self._due: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def note(self, name: bytes, seen_at: float) -> None:
        """The session of this row was used."""
        if len(self._noted) < _MOST:
            self._noted[name] = max(seen_at, self._noted.get(name, 0.0))
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self._begin)

    def latest(self, name: bytes) -> float:
        """A use that Redis may not have yet; 0 when there is none."""
        return self._noted.get(name) or self._on_its_way.get(name, 0.0)

    async def close(self) -> None:
        """Write what is noted, once."""
        if self._due is not None:
            self._due.cancel()
        if self._writing is not None:
            await asyncio.wait([self._writing])
        if self._noted:
            await self._write()
        if self._due is not None:
            self._due.cancel()

    def _begin(self) -> None:
        self._due = None
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write(), name="uses of sessions")
        else:
            self._due = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self._begin)

    async def _write(self) -> None:
        noted, self._noted = self._noted, {}
        self._on_its_way = noted
        try:
            await self._servers.over(TOUCH, list(noted), self._clock(), list(noted.values()))
        except StoreUnavailable:
            self._noted = noted | self._noted  # for the next time; the later use counts
            if self._due is None:
                self._due = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self._begin)
        finally:
            self._on_its_way = {}
