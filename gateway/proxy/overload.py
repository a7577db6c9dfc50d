"""More requests than this process can carry: the surplus gets a short answer at once, the rest is served as ever.

While it is not overloaded none of this is in the way of a request. When it is, the lane's gate is asked through one
that turns new requests away as the valve says; what is under way goes on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from gateway.core.messages import Answer, RequestHead
from gateway.proxy import framing
from gateway.proxy.actions import Action, Gate, Peer, Reply, Turned
from gateway.proxy.crowd import Crowd
from gateway.proxy.probe import Probe
from gateway.proxy.shared import FAULT, GuardedGate, Shared
from gateway.proxy.valve import TICK_SECONDS, Valve

if TYPE_CHECKING:
    from gateway.proxy.express import Known, Short

PROXYS_REST_SECONDS = 0.5
_log = logging.getLogger("sekisho.lane")


class Surplus(Protocol):
    """Who is turned away, and how. All of it must be quick."""

    def spared(self, head: RequestHead) -> bool:
        """Whether this request is never turned away: a sign-out."""

    def known(self, head: RequestHead) -> bool:
        """Whether it comes with a session, as far as can be seen."""

    def answer(self, head: RequestHead) -> Answer:
        """What it gets: 503 with Retry-After, prepared."""


class Overload:
    """Watches how long what has come waits. `busy` gives the seconds that this thread has worked."""

    def __init__(
        self, shared: Shared, gate: Gate, surplus: Surplus, target: float, busy: Callable[[], float] = time.thread_time
    ) -> None:
        self._shared = shared
        self._valve = Valve(target)
        self._busy = busy
        self._surplus = surplus
        self._gate, self._shortcut = shared.gate, shared.shortcut
        self._turning = _TurningGate(gate, self._valve, surplus, shared.clients)
        self._worked = 0.0
        self._probe = Probe(TICK_SECONDS, self._tick)

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._worked = self._busy()
        self._probe.start()

    def stop(self) -> None:
        """Watch no longer, turn nobody away."""
        self._probe.stop()
        self._let_in()

    def _tick(self, lag: float, elapsed: float) -> None:
        now = self._busy()
        worked, self._worked = now - self._worked, now
        self.look(lag, elapsed, worked, *self._at_apps())
        self._shared.sweep.catch_up()

    def _at_apps(self) -> tuple[int, int]:
        """Requests that wait for a connection to the app where most people go, and those that got one of any app. Where
        we have no time requests are read faster than answers; that people wait for an app which serves few is its own
        doing."""
        pools = [(served, pool.queued) for pool in self._shared.pools.values() if (served := pool.take_served())]
        return max(pools)[1] if pools else 0, sum(served for served, _ in pools)

    def look(self, lag: float, elapsed: float, busy: float, queued: int = 0, served: int = 0) -> None:
        """One tick; see `Valve.tick`."""
        before = self._valve.turning_away
        self._valve.tick(lag, max(elapsed, TICK_SECONDS), busy, queued, served)
        if self._valve.turning_away and not before:
            _log.warning(
                "overloaded: requests wait %.0f ms for this process, and %d for the apps; some get 503",
                lag * 1000,
                queued,
            )
            self._shared.gate, self._shared.shortcut = self._turning, self._short
        elif before and not self._valve.turning_away:
            _log.warning("no longer overloaded: %d requests got 503", self._turning.turned_away)
            self._turning.turned_away = 0
            self._let_in()

    def _let_in(self) -> None:
        self._shared.gate, self._shared.shortcut = self._gate, self._shortcut

    def _short(self, data: bytes, peer: Peer) -> Short | Turned | None:
        """The short way is for those with a session, and no sign-out takes it. Whom the valve does not take there is
        turned away at once: to be read and judged first would cost more than to be served."""
        short = self._shortcut(data, peer)
        if not isinstance(short, tuple) or self._valve.takes(known=True):
            return short
        known = short[0]
        if not known.keeps or self._shared.draining:
            return None
        self._turning.turned_away += 1
        return Turned(known.busy or self._prepared(known), self._turning.rest(peer))

    def _prepared(self, known: Known) -> bytes:
        head = RequestHead(b"GET", b"/", "1.1", known.headers)
        known.busy = framing.whole_answer(self._surplus.answer(head), head_only=False, connection=None)
        return known.busy


class _TurningGate(GuardedGate):
    """The lane's gate while there is too much to do."""

    __slots__ = ("_clients", "_surplus", "_valve", "turned_away")

    def __init__(self, gate: Gate, valve: Valve, surplus: Surplus, clients: Crowd) -> None:
        super().__init__(gate)
        self._clients = clients
        self._valve = valve
        self._surplus = surplus
        self.turned_away = 0

    def rest(self, peer: Peer) -> float:
        """Seconds until a connection whose request was turned away is read again; a proxy's is read sooner: others'
        requests come on it, too."""
        rest = self._valve.rest
        return rest if self._clients.is_one(peer.address) else min(rest, PROXYS_REST_SECONDS)

    def admit(self, head: RequestHead, peer: Peer, has_body: bool) -> Action | Awaitable[Action]:
        """Judge one request, or turn it away."""
        surplus = self._surplus
        try:
            if self._valve.takes(known=surplus.known(head)) or surplus.spared(head):
                return super().admit(head, peer, has_body)
            self.turned_away += 1
            return Reply(surplus.answer(head), rest=self.rest(peer))
        except Exception:  # noqa: BLE001 - a fault here must end in a refusal, whatever it is
            _log.exception("turning a request away failed")
            return Reply(FAULT, close=True)
