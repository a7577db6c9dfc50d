"""What all connections of a lane have in common, and the gate behind a guard: its faults end in a refusal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from gateway.config.settings import Limits
from gateway.core.messages import Answer, RequestHead
from gateway.proxy.actions import Action, Gate, Peer, Reply, Shortcut
from gateway.proxy.arrivals import Arrivals
from gateway.proxy.crowd import Crowd
from gateway.proxy.paces import Paces
from gateway.proxy.pool import Pool
from gateway.proxy.sweep import Sweep
from gateway.proxy.tunnel import Tunnel
from gateway.proxy.upstreams import Upstream

_log = logging.getLogger("sekisho.lane")
FAULT = Answer(500, b"Internal Server Error", ((b"Cache-Control", b"no-store"),))


class GuardedGate:
    """The gate as the lane asks it: never raises."""

    __slots__ = ("_gate",)

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def admit(self, head: RequestHead, peer: Peer, has_body: bool) -> Action | Awaitable[Action]:
        """Judge one request."""
        try:
            return self._gate.admit(head, peer, has_body)
        except Exception:  # noqa: BLE001 - a fault in the gate must end in a refusal, whatever it is
            _log.exception("the gate failed on a request")
            return Reply(FAULT, close=True)

    async def settled(self, decision: Awaitable[Action]) -> Action:
        """Wait for a decision."""
        try:
            return await decision
        except Exception:  # noqa: BLE001 - a fault in the gate must end in a refusal, whatever it is
            _log.exception("the gate failed on a request")
            return Reply(FAULT, close=True)

    def refusal(self, status: int, word: str, head: RequestHead | None, peer: Peer) -> Answer:
        """The answer to what is no proper request."""
        try:
            return self._gate.refuse_malformed(status, word, head, peer)
        except Exception:  # noqa: BLE001 - a fault in the gate must end in a refusal, whatever it is
            _log.exception("the gate failed on a malformed request")
            return FAULT

    def failure(self, head: RequestHead, peer: Peer, app: str, *, timed_out: bool) -> Answer:
        """The answer when an app failed."""
        try:
            return self._gate.upstream_failed(head, peer, app, timed_out=timed_out)
        except Exception:  # noqa: BLE001 - a fault in the gate must end in a refusal, whatever it is
            _log.exception("the gate failed on a failure")
            return FAULT

    def crowded(self, head: RequestHead, peer: Peer, app: str) -> Answer:
        """The answer when too many requests wait for an app."""
        try:
            return self._gate.upstream_crowded(head, peer, app)
        except Exception:  # noqa: BLE001 - a fault in the gate must end in a refusal, whatever it is
            _log.exception("the gate failed on a crowd")
            return FAULT


@dataclass(slots=True)
class Shared:
    """One per lane."""

    gate: GuardedGate
    pools: dict[str, Pool | Upstream]
    limits: Limits
    sweep: Sweep
    clients: Crowd
    tasks: set[asyncio.Task[None]]
    shortcut: Shortcut
    arrivals: Arrivals
    tunnels: set[Tunnel] = field(default_factory=set)
    draining: bool = False  # every connection ends with its next answer, and is told so
    successor: Shared | None = None  # the lane that takes over every connection between two of its requests
    idle_seconds: float = field(init=False)
    paces: Paces = field(init=False)

    def __post_init__(self) -> None:
        self.idle_seconds = self.limits.idle_seconds
        self.paces = Paces(self.clients, self.sweep, self.limits)
        self.sweep.add(self.paces)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run what has to wait, whoever goes away meanwhile."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
