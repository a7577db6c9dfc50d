"""A request that the gate can't decide by its head at once: it asks a store, or has to see the body.

    Awaitable ─► awaited in a task that is never cancelled ─┐
    ReadBody ──► body in memory ─► then ────────────────────┴─► the next action, until that is Forward or Reply

A code check or a sign-in that has begun is finished, whether the browser is still there or not.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from gateway.proxy import framing
from gateway.proxy.actions import Action, ReadBody
from gateway.proxy.intake import Incoming
from gateway.proxy.reading import BodyReading
from gateway.proxy.shared import Shared
from gateway.proxy.sweep import NEVER

if TYPE_CHECKING:
    from gateway.proxy.client import ClientConnection


class Undecided:
    """What a client's request waits for. `thinking`: the gate is at it; `body`: what has been read for it, whole."""

    __slots__ = ("_client", "_incoming", "_reading", "_shared", "body", "thinking")

    def __init__(self, client: ClientConnection, shared: Shared, incoming: Incoming) -> None:
        self._client = client
        self._shared = shared
        self._incoming = incoming
        self._reading: BodyReading | None = None
        self.body: bytes | None = None
        self.thinking = False

    @property
    def reading(self) -> bool:
        """Whether the rest of the body is awaited."""
        return self._reading is not None

    def pursue(self, action: ReadBody | Awaitable[Action]) -> None:
        """Do what the gate needs; the client is told when it is `decided`."""
        if isinstance(action, ReadBody):
            self._read(action)
        else:
            self.thinking = True
            self._client.deadline = NEVER
            self._client.spawn(self._settle(action))

    def gather(self) -> None:
        """More of the request has come."""
        reading, incoming = self._reading, self._incoming
        if reading is None:
            return
        self._client.deadline = self._shared.sweep.after(self._shared.limits.body_idle_seconds)
        action = reading.step(incoming)
        if action is not None:
            self._reading = None
            self.body = reading.body if incoming.complete else None
            self._client.decided(action)

    def _read(self, action: ReadBody) -> None:
        incoming = self._incoming
        reading = BodyReading(action)
        if reading.too_long(incoming):
            self._client.decided(reading.refused())
            return
        if incoming.examined.expects_continue and not incoming.complete and not incoming.pieces:
            self._client.write(framing.CONTINUE)
        self._reading = reading
        self.gather()

    async def _settle(self, decision: Awaitable[Action]) -> None:
        action = await self._shared.gate.settled(decision)
        self.thinking = False
        self._client.decided(action)
