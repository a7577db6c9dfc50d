"""Which offices' settings have changed since they were read: one short query for all tenants instead of two for each.

Every change of an office's settings, or of its establishments', raises the office's revision in the same transaction.
So what was read under a revision is as good as new for as long as a later reading of the revisions finds the same one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.core.errors import StoreUnavailable
from gateway.stores.base import Registry

_NEVER = float("-inf")


class Revisions:
    """The revisions as last read. `certain_at` (seconds of `clock`): every change before it is among them."""

    def __init__(self, store: Registry, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._stamp: tuple[int, int] | None = None
        self._revisions: dict[str, int] = {}
        self._reading: asyncio.Task[None] | None = None
        self.certain_at = _NEVER

    def of(self, office: str) -> int | None:
        """The office's revision; None before anything was read."""
        return None if self._stamp is None else self._revisions.get(office, 0)

    def begin(self) -> asyncio.Task[None]:
        """Read anew, unless somebody is at it. The task raises nothing; without an answer all stays as it is."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        return self._reading

    async def read(self) -> None:
        """Read anew, or wait for who is at it."""
        await asyncio.shield(self.begin())

    async def close(self) -> None:
        """Wait for a reading that is under way: its connection belongs to the registry, which may close next."""
        if self._reading is not None:
            await asyncio.wait((self._reading,))

    async def _read(self) -> None:
        began = self._clock()
        try:
            stamp = await self._store.settings_stamp()
            if stamp != self._stamp:
                self._revisions = await self._store.settings_revisions()
                self._stamp = stamp
        except StoreUnavailable:
            return
        self.certain_at = began
