"""More requests than this process can carry: the surplus gets a short answer at once, the rest is served as ever.

While it is not overloaded none of this is in the way of a request. When it is, the lane's gate is asked through one
that turns new requests away as the valve says; what is under way goes on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.proxy.actions import Gate, Peer, Turned
from gateway.proxy.probe import Probe
from gateway.proxy.shared import Shared
from gateway.proxy.turning import Surplus, TurningGate
from gateway.proxy.valve import TICK_SECONDS, Valve

if TYPE_CHECKING:
    from gateway.proxy.express import Short

_log = logging.getLogger("sekisho.lane")


class Overload:
    """Watches how long what has come waits. `busy` gives the seconds that this thread has worked."""

    def __init__(
        self, shared: Shared, gate: Gate, surplus: Surplus, target: float, busy: Callable[[], float] = time.thread_time
    ) -> None:
        self._shared = shared
        self._valve = Valve(target)
        self._busy = busy
        self._gate, self._shortcut = shared.gate, shared.shortcut
        self._turning = TurningGate(gate, self._valve, surplus, shared.clients, shared.arrivals)
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
            self._turning.forget()
            self._let_in()

    def _let_in(self) -> None:
        self._shared.gate, self._shared.shortcut = self._gate, self._shortcut

    def _short(self, data: bytes, peer: Peer) -> Short | Turned | None:
        """Whom the valve does not take is turned away at once. The short way is for those with a session, and no
        sign-out takes it."""
        valve = self._valve
        if (valve.full(known=False) or valve.full(known=True)) and not self._shared.draining:
            turned = self._turning.at_a_glance(data, peer)
            if turned is not None:
                return turned
        short = self._shortcut(data, peer)
        # Whom there is no place for goes the long way, and is counted there.
        return short if short is not None and not valve.full(known=True) and valve.takes(known=True) else None
