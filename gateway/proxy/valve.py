"""How many new requests a busy process takes: enough that it stays busy, few enough that each is answered soon.

    tick: how late did the loop come round, and was that our own work?  late for a while ─► as many a second as were
    managed, less a fifth while it stays late, a little more while it does not ─► open again when nobody is turned away

The measure is how long requests have waited, as in CoDel (RFC 8289), not how many there are: what they cost differs.
Nothing here reads a clock.
"""

from __future__ import annotations

PATIENCE = 3  # late ticks in a row: one of them may be anybody's fault
CALM = 10  # ticks without anybody turned away
_BUSY = 0.6  # of the time, for lateness to be our own doing; a machine that gives us no time is no crowd of requests
_FAR_TOO_LATE = 10.0  # times the target: whosever doing it is
_FEWEST = 200.0  # requests a second that are taken at any rate
_FOR_KNOWN = 0.8
_LESS, _MORE, _STEP = 0.8, 1.05, 5.0


class Valve:
    """Open, or letting a number through. `target`: seconds that a request may wait for the loop."""

    def __init__(self, target: float) -> None:
        self._target = target
        self._late = self._calm = 0
        self._rate: float | None = None  # requests a second; None: not known yet, this tick counts them
        self._left = 0.0
        self._taken = self._refused = self._known = 0
        self._reserve = 0
        self.turning_away = False

    def tick(self, lag: float, elapsed: float, busy: float) -> None:
        """The loop came round `lag` seconds late, `elapsed` after the tick before, `busy` of them at work."""
        late = lag > self._target and (busy >= _BUSY * elapsed or lag > _FAR_TOO_LATE * self._target)
        if self.turning_away:
            self._adjust(late, elapsed)
        else:
            self._late = self._late + 1 if late else 0
            if self._late >= PATIENCE:
                self.turning_away = True
                self._rate = None
                self._calm = 0
        self._taken = self._refused = self._known = 0

    def takes(self, *, known: bool) -> bool:
        """Whether one more request goes on. Those who are `known` (they have a session) come before strangers: as
        many places as they asked for in the tick before are kept for them, but not all."""
        if known:
            self._known += 1
        if self._rate is not None:
            kept = 0 if known else max(0, self._reserve - self._known)
            if self._left - kept < 1.0:
                self._refused += 1
                return False
            self._left -= 1.0
        self._taken += 1
        return True

    def _adjust(self, late: bool, elapsed: float) -> None:
        managed = self._taken / elapsed
        if self._rate is None:
            self._rate = max(_FEWEST, managed)
        if late:
            self._rate = max(_FEWEST, min(self._rate, max(managed, _FEWEST)) * _LESS)
        else:
            self._rate = self._rate * _MORE + _STEP
        self._calm = 0 if late or self._refused else self._calm + 1
        if self._calm >= CALM:
            self.turning_away = False
            self._late = 0
        self._left = self._rate * elapsed
        self._reserve = min(self._known, int(self._left * _FOR_KNOWN))
