"""How an overloaded lane turns requests away: with the least work that makes a whole and proper answer.

bytes ─► at a glance: this header block was seen, and this line is no sign-out ─► prepared answer
     └─► parsed ─► admit ─► the same, for whatever a glance does not settle
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import Protocol

from gateway.core.messages import Answer, RequestHead
from gateway.proxy.actions import Action, Gate, Peer, Reply, Turned
from gateway.proxy.arrivals import Arrivals
from gateway.proxy.crowd import Crowd
from gateway.proxy.glimpse import glimpse, request_line
from gateway.proxy.shared import FAULT, GuardedGate
from gateway.proxy.valve import Valve

PROXYS_REST_SECONDS = 0.5
_MOST = 4096  # header blocks that are remembered, and request lines
_LONGEST = 2048  # bytes of one
_BETWEEN = 16  # requests, between two looks at what the apps have answered
_log = logging.getLogger("sekisho.lane")


class Surplus(Protocol):
    """Who is turned away, and how. All of it must be quick."""

    def spared(self, head: RequestHead) -> bool:
        """Whether this request is never turned away: a sign-out. Told by method and target."""

    def known(self, head: RequestHead) -> bool:
        """Whether it comes with a session, as far as can be seen."""

    def answer(self, head: RequestHead) -> Answer:
        """What it gets: 503 with Retry-After, prepared."""

    def framed(self, head: RequestHead) -> bytes:
        """The same as bytes, for a connection that stays open."""


class TurningGate(GuardedGate):
    """The lane's gate while there is too much to do."""

    __slots__ = ("_arrivals", "_blocks", "_clients", "_lines", "_surplus", "_until_look", "_valve", "turned_away")

    def __init__(self, gate: Gate, valve: Valve, surplus: Surplus, clients: Crowd, arrivals: Arrivals) -> None:
        super().__init__(gate)
        self._clients = clients
        self._valve = valve
        self._surplus = surplus
        self._arrivals = arrivals
        self._until_look = _BETWEEN
        self._blocks: dict[bytes, tuple[bool, bytes]] = {}  # of GETs: whether it is `known`, and what it gets
        self._lines: set[bytes] = set()  # that are not spared
        self.turned_away = 0

    def forget(self) -> None:
        """It is over."""
        self.turned_away = 0
        self._blocks.clear()
        self._lines.clear()

    def rest(self, peer: Peer) -> float:
        """Seconds until a connection whose request was turned away is read again; a proxy's is read sooner: others'
        requests come on it, too."""
        rest = self._valve.rest
        return rest if not rest or self._clients.is_one(peer.address) else min(rest, PROXYS_REST_SECONDS)

    def at_a_glance(self, data: bytes, peer: Peer) -> Turned | None:
        """Turn away what came, if it is one whole request that is to be turned away; None: it is for the parser."""
        self._look_at_answers()
        line, _, block = data.partition(b"\r\n")
        found = (self._blocks.get(block) if line.startswith(b"GET") else None) or self._seen(data, block)
        if found is None:
            return None
        known, answer = found
        if not self._valve.full(known=known) or not self._not_spared(line):
            return None
        self._valve.takes(known=known)
        self.turned_away += 1
        return Turned(answer, self.rest(peer))

    def admit(self, head: RequestHead, peer: Peer, has_body: bool) -> Action | Awaitable[Action]:
        """Judge one request, or turn it away."""
        surplus = self._surplus
        try:
            self._look_at_answers()
            known = surplus.known(head)
            spared = self._valve.full(known=known) and surplus.spared(head)
            if self._valve.takes(known=known, anyway=spared):
                return super().admit(head, peer, has_body)
            self.turned_away += 1
            return Reply(surplus.answer(head), rest=self.rest(peer))
        except Exception:  # noqa: BLE001 - a fault here must end in a refusal, whatever it is
            _log.exception("turning a request away failed")
            return Reply(FAULT, close=True)

    def _seen(self, data: bytes, block: bytes) -> tuple[bool, bytes] | None:
        head = glimpse(data)
        if head is None:
            return None
        found = self._surplus.known(head), self._surplus.framed(head)
        if head.method == b"GET" and len(block) <= _LONGEST:
            if len(self._blocks) >= _MOST:
                self._blocks.clear()
            self._blocks[block] = found
        return found

    def _not_spared(self, line: bytes) -> bool:
        if line in self._lines:
            return True
        asked = request_line(line)
        if asked is None or self._surplus.spared(asked):
            return False
        if len(line) <= _LONGEST:
            if len(self._lines) >= _MOST:
                self._lines.clear()
            self._lines.add(line)
        return True

    def _look_at_answers(self) -> None:
        """Who was taken shall not wait behind all who are turned away."""
        self._until_look -= 1
        if self._until_look <= 0:
            self._until_look = _BETWEEN
            self._arrivals.read()
