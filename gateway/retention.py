"""Retention: audit events older than `audit.keep` are forgotten, a few at a time, beside everything else.

Nothing here ever keeps the gateway from working: a registry that does not answer is tried again an hour later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from gateway.core.errors import GatewayError

HOUR = 3600.0
PIECE = 1000  # events that are forgotten in one go: appending waits for no longer than that takes
_FIRST_WAIT = 60.0  # a start has other work
_BREATH = 0.2
_log = logging.getLogger("sekisho.retention")


class Prunes(Protocol):
    """The part of a Registry that forgets."""

    async def prune_events(self, before: float, at_most: int) -> int:
        """See AuditTrail.prune_events."""


class Retention:
    """Forgets once an hour. `keep_seconds` None: never. `clock`: Unix seconds."""

    def __init__(
        self,
        registry: Prunes,
        keep_seconds: float | None,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._registry = registry
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, unless events are kept for ever."""
        if self._keep_seconds is not None:
            self._task = asyncio.create_task(self._go_on(self._keep_seconds))

    async def close(self) -> None:
        """End, at once."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _go_on(self, keep_seconds: float) -> None:
        await self._sleep(_FIRST_WAIT)
        while True:
            await self._once(self._clock() - keep_seconds)
            await self._sleep(HOUR)

    async def _once(self, before: float) -> None:
        """Forget everything older. What fails is logged and tried again in an hour."""
        gone = 0
        try:
            while True:
                some = await self._registry.prune_events(before, PIECE)
                gone += some
                if some < PIECE:
                    break
                await self._sleep(_BREATH)
        except GatewayError as fault:
            _log.warning("retention of the audit record: %s", fault)
        except Exception:  # noqa: BLE001 - a fault of ours would end retention without a word
            _log.exception("retention of the audit record failed")
        if gone:
            _log.info("%d audit events were older than audit.keep", gone)
