"""Time limits of all connections by one coarse timer: a timer per request would cost more than the request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

NEVER = float("inf")
_LATE = 2.0


class Timed(Protocol):
    """Something with a moment after which it has waited long enough."""

    deadline: float

    def on_deadline(self) -> None:
        """The moment has passed. Sets a later `deadline` or leaves the sweep."""


class Sweep:
    """Looks at everything that waits once per `interval` seconds; nothing is ever cut off early, at most that late."""

    def __init__(self, clock: Callable[[], float], interval: float) -> None:
        self._clock = clock
        self._interval = interval
        self._timed: set[Timed] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.now = clock()

    def add(self, timed: Timed) -> None:
        """Watch its deadline from now on."""
        self._timed.add(timed)

    def discard(self, timed: Timed) -> None:
        """Watch it no longer."""
        self._timed.discard(timed)

    def after(self, seconds: float) -> float:
        """The deadline that lies `seconds` ahead; `now` may be one interval old, so one interval is added."""
        return self.now + seconds + self._interval

    def start(self) -> None:
        """Begin; needs a running loop."""
        self.now = self._clock()
        self._timer = asyncio.get_running_loop().call_later(self._interval, self._tick)

    def stop(self) -> None:
        """End; nothing is cut off any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def catch_up(self) -> None:
        """Look now if the timer should have long ago: a loop with very much to do does not come to its timers."""
        if self._timer is not None and self._clock() - self.now > _LATE * self._interval:
            self._look()

    def _tick(self) -> None:
        self._look()
        if self._timer is not None:
            self._timer = asyncio.get_running_loop().call_later(self._interval, self._tick)

    def _look(self) -> None:
        now = self.now = self._clock()
        for timed in [timed for timed in self._timed if timed.deadline <= now]:
            if timed.deadline <= now:  # while one was told another's answer may have been read
                timed.deadline = NEVER
                timed.on_deadline()
