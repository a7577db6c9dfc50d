"""Several public hosts: each has a gate of its own, with its own apps, routes, origin and sessions.

    Host ─► the gate of that host ─► as if there were no other        a Host that is nobody's: the first gate's 421

Nothing is shared but stores, connections to apps and the gateway's own pages: what opens a path on one host opens
nothing on another, and a session belongs to the host of the app that it began with.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from gateway.core.messages import Answer, RequestHead, first_header
from gateway.core.public_hosts import PublicHosts
from gateway.proxy.actions import Action, Peer, Shortcut, Turned
from gateway.proxy.gate import LaneGate

if TYPE_CHECKING:
    from gateway.proxy.express import Short


class Sites:
    """The gate of a lane with several hosts (`actions.Gate`)."""

    def __init__(self, gates: Sequence[tuple[PublicHosts, LaneGate]]) -> None:
        """The main host's first."""
        self._gates = tuple(gates)
        self._main = gates[0][1]
        self._shortcuts: tuple[Shortcut, ...] = tuple(gate.shortcut for _, gate in gates)

    def admit(self, head: RequestHead, peer: Peer, has_body: bool) -> Action | Awaitable[Action]:
        """Judge one request at its host."""
        host = first_header(head.headers, b"host") or b""
        for hosts, gate in self._gates:
            if hosts.ours(host):
                return gate.admit(head, peer, has_body)
        return self._main.admit(head, peer, has_body)

    def shortcut(self, data: bytes, peer: Peer) -> Short | Turned | None:
        """Each gate remembers whole header blocks, Host included: no other can know one of its own."""
        for shortcut in self._shortcuts:
            short = shortcut(data, peer)
            if short is not None:
                return short
        return None

    def refuse_malformed(self, status: int, detail: str, head: RequestHead | None, peer: Peer) -> Answer:
        """The answer to what is no proper request."""
        return self._main.refuse_malformed(status, detail, head, peer)

    def upstream_failed(self, head: RequestHead, peer: Peer, app: str, *, timed_out: bool) -> Answer:
        """The answer when an app failed."""
        return self._main.upstream_failed(head, peer, app, timed_out=timed_out)

    def upstream_crowded(self, head: RequestHead, peer: Peer, app: str) -> Answer:
        """The answer when too many wait for an app."""
        return self._main.upstream_crowded(head, peer, app)
