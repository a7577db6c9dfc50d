"""Ending the sessions of people who were reset, also when another process did the reset.

    reset page ──┐                                   ┌─► sessions in this process's memory: ended, each notice once
    sekisho reset ├─► registry: who, under a number ──┤
                  │                                   └─► sessions in Redis: whoever resets ends them, for everybody
                  └─ end() ─────────────────────────►

A notice must be followed once only: a person who was reset signs in again at once, and that session must stay.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from gateway.core.errors import StoreUnavailable
from gateway.stores.base import Registry
from gateway.stores.sessions import Sessions

POLL_SECONDS = 0.3  # with the half second of a watch over WebSockets less than one
PRUNE_SECONDS = 3600.0
_log = logging.getLogger("sekisho.sessions")


class SessionEnder:
    """Ends sessions after resets. `begin` before use, then `watch` as a task for as long as the gateway runs."""

    def __init__(
        self, registry: Registry, sessions: Sessions, clock: Callable[[], float], *, shared: bool, keep_seconds: float
    ) -> None:
        """`shared`: every process uses one session store. `keep_seconds`: no session is older."""
        self._registry = registry
        self._sessions = sessions
        self._clock = clock
        self._shared = shared
        self._keep_seconds = keep_seconds
        self._number = 0
        self._owed: set[str] = set()  # sessions that a store could not be asked to end yet
        self._pruned_at = float("-inf")
        self._turn = asyncio.Lock()
        self._silent = False

    async def begin(self) -> None:
        """Start at the newest notice: whoever was reset before has no session here. Raises StoreUnavailable."""
        if not self._shared:
            self._number, _ = await self._registry.ended_sessions(0)

    async def end(self, login_ids: Sequence[str]) -> None:
        """End every session of these people, whose reset has just been stored. A store that does not answer is asked
        again until it does: what was reset stays reset."""
        async with self._turn:
            self._owed.update(login_ids)
            try:
                await self._read_notices()
            except StoreUnavailable as fault:
                _log.warning("notices of resets are read later: %s", fault)
            try:
                await self._end_owed()
            except StoreUnavailable as fault:
                _log.warning("sessions of %d people end later: %s", len(self._owed), fault)

    async def watch(self) -> None:
        """Follow the notices until cancelled. Whatever fails is tried again at the next turn."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.turn()
            except StoreUnavailable as fault:
                if not self._silent:
                    _log.warning("resets by other processes are not seen for now: %s", fault)
                self._silent = True
            except Exception:  # noqa: BLE001 - sessions of people who were reset must end, whatever it was
                _log.exception("a turn of the watch over resets failed")
            else:
                self._silent = False

    async def turn(self) -> None:
        """One look. Raises StoreUnavailable."""
        async with self._turn:
            await self._read_notices()
            await self._end_owed()
        now = self._clock()
        if now - self._pruned_at >= PRUNE_SECONDS:
            await self._registry.forget_ended_sessions(now - self._keep_seconds)
            self._pruned_at = now

    async def _read_notices(self) -> None:
        if not self._shared:
            self._number, login_ids = await self._registry.ended_sessions(self._number)
            self._owed.update(login_ids)

    async def _end_owed(self) -> None:
        for login_id in sorted(self._owed):
            await self._sessions.end_owner(login_id)
            self._owed.discard(login_id)
