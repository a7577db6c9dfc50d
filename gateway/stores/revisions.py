"""Which offices' settings have changed since they were read: one short query for all tenants instead of two for each.

Every change of an office's settings, or of its establishments', raises the office's revision in the same transaction.
So what was read under a revision is as good as new for as long as a later reading of the revisions finds the same one.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.core.errors import StoreUnavailable

_NEVER = float("-inf")
_PATIENCE_SECONDS = 1.0  # that somebody who waits at a page may wait for what only makes sure
IN_SILENCE_SECONDS = 0.05  # … while nobody expects an answer: one that is back gives it in less
_SILENCE_SECONDS = 10.0  # after a reading that failed or took too long
Reading = asyncio.Future[None] | concurrent.futures.Future[None]


class RevisionStore(Protocol):
    """What is asked here. Both raise StoreUnavailable."""

    async def settings_stamp(self) -> tuple[int, int]:
        """A pair that differs after every change of any office's settings."""

    async def settings_revisions(self) -> dict[str, int]:
        """The revision of every office whose settings were ever changed; read later than any stamp before it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The revisions as one reading found them. `certain_at`, seconds of the clock: every change before is in them."""

    stamp: tuple[int, int] | None = None
    revisions: Mapping[str, int] = field(default_factory=dict)
    certain_at: float = _NEVER

    def of(self, office: str) -> int | None:
        """The office's revision; None before anything was read."""
        return None if self.stamp is None else self.revisions.get(office, 0)


class Revisions:
    """The revisions as last read. `seen` is replaced as a whole: a reading may run in another thread."""

    def __init__(
        self,
        store: RevisionStore,
        clock: Callable[[], float],
        start: Callable[[Coroutine[Any, Any, None]], Reading] = asyncio.ensure_future,
    ) -> None:
        """`start` begins a reading: in this loop, or beside it (`beside.Beside.start`)."""
        self._store = store
        self._clock = clock
        self._start = start
        self._reading: Reading | None = None
        self._began = _NEVER
        self._silent_until = _NEVER
        self.seen = Seen()

    @property
    def silent(self) -> bool:
        """Whether the registry has not answered lately, so that it is waited for no longer than IN_SILENCE_SECONDS."""
        return self._clock() < self._silent_until

    def begin(self) -> Reading:
        """Read anew, unless somebody is at it. Raises nothing; without an answer all stays as it is."""
        if self._reading is None or self._reading.done():
            self._began = self._clock()
            self._reading = self._start(self._read())
        return self._reading

    async def read(self) -> None:
        """Read anew, or wait for who is at it; not for long: a registry that stands still would hold up everybody."""
        reading = self.begin()
        left = self._began + (IN_SILENCE_SECONDS if self.silent else _PATIENCE_SECONDS) - self._clock()
        if left > 0:
            await asyncio.wait((asyncio.wrap_future(reading),), timeout=left)
        if not reading.done():
            self._silent_until = self._clock() + _SILENCE_SECONDS

    async def close(self) -> None:
        """Wait for a reading that is under way: its connection belongs to the registry, which may close next."""
        if self._reading is not None:
            await asyncio.wait((asyncio.wrap_future(self._reading),))

    async def _read(self) -> None:
        began, before = self._clock(), self.seen
        try:
            stamp = await self._store.settings_stamp()
            revisions = before.revisions if stamp == before.stamp else await self._store.settings_revisions()
        except StoreUnavailable:
            self._silent_until = self._clock() + _SILENCE_SECONDS
            return
        self._silent_until = _NEVER
        self.seen = Seen(stamp, revisions, began)
