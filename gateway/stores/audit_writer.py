"""Group commit: events that wait at the same time are written by one transaction.

    record(a) ─┐
    record(b) ─┼─► waiting ──► one transaction ──► a, b, c go on, each certain that it is kept
    record(c) ─┘   (d, e wait for the next one)

Every sign-in and code waits for its event, and every transaction waits for the disk: a hundred at once wait for two
transactions instead of a hundred.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from gateway.core.errors import StoreUnavailable
from gateway.stores.base_audit import AuditEvent

_AT_ONCE = 500  # in one transaction: well within its time limit
_Waiting = tuple[AuditEvent, "asyncio.Future[None]"]


class AuditWriter:
    """Collects events and hands them to `write`, which keeps them all or raises. Belongs to one event loop."""

    def __init__(self, write: Callable[[Sequence[AuditEvent]], Awaitable[None]]) -> None:
        self._write = write
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def record(self, event: AuditEvent) -> None:
        """Return when the event is kept. Raises StoreUnavailable. Whoever stops waiting takes nothing back."""
        if self._closed:
            raise StoreUnavailable("registry", "closed")
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, kept))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        await kept

    async def close(self) -> None:
        """Take no more, and return when all that waits is written or refused."""
        self._closed = True
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        batch: list[_Waiting] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
                await self._keep(batch)
        finally:
            # Only a cancellation or a fault of the program leaves somebody waiting here.
            waiting, self._waiting, self._task = [*batch, *self._waiting], [], None
            _settle(waiting, StoreUnavailable("registry", "ended while writing"))

    async def _keep(self, batch: list[_Waiting]) -> None:
        try:
            await self._write([event for event, _ in batch])
        except StoreUnavailable as fault:
            _settle(batch, fault)
        else:
            _settle(batch, None)


def _settle(batch: list[_Waiting], fault: StoreUnavailable | None) -> None:
    for _, kept in batch:
        if kept.done():
            continue  # its caller left
        if fault is None:
            kept.set_result(None)
        else:
            kept.set_exception(fault)
