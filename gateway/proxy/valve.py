"""How many new requests a busy process takes: enough that it stays busy, few enough that each is answered soon.

    tick: how long did the last byte wait for us, and were we at work meanwhile?  long, and again ─► as many a second as
    were managed, fewer while it stays long, a little more while it is short ─► open again when nobody is turned away

The measure is how long requests have waited, as in CoDel (RFC 8289), not how many there are: what they cost differs.
Nothing here reads a clock.
"""

from __future__ import annotations

TICK_SECONDS = 0.1
PATIENCE = 2  # late ticks: one of them may be anybody's fault
FORGIVEN = 1.0  # seconds of punctual ticks after which a late one is forgotten
CALM = 10  # ticks without anybody turned away
_BUSY = 0.3  # of the time, for lateness to be our own doing; a machine that gives us no time is no crowd of requests
_FAR_TOO_LATE = 10.0  # times the target: whosever doing it is
_FEWEST = 200.0  # requests a second that are taken at any rate
_LESS, _FAR_LESS, _MORE, _STEP = 0.85, 0.7, 1.05, 5.0
_FALLING = 0.9  # lateness that falls so fast is what had piled up being turned away: fewer places would not help
_SWAMPED = 3
_FOR_STRANGERS = 0.1  # of the places, even where those with a session would fill them all


class Valve:
    """Open, or letting a number through. `target`: seconds that a request may wait for the loop."""

    def __init__(self, target: float) -> None:
        self._target = target
        self._late = self._calm = 0
        self._punctual = 0.0  # seconds since the last late tick
        self._rate: float | None = None  # requests a second; None: not known yet, this tick counts them
        self._lag = 0.0
        self._left = 0.0  # places until the next tick
        self._taken = self._refused = 0
        self._asked = {True: 0, False: 0}  # since the last tick, by `known`
        self._kept = {True: 0.0, False: 0.0}  # places that are kept for them
        self.turning_away = False
        self.swamped = False  # most of the work is turning away: who is turned away had better come less often

    def tick(self, lag: float, elapsed: float, busy: float) -> None:
        """What came last has waited `lag` seconds; `elapsed` since the tick before, `busy` of them at work."""
        late = lag > self._target and (busy >= _BUSY * elapsed or lag > _FAR_TOO_LATE * self._target)
        if self.turning_away:
            self._adjust(lag, late, elapsed)
        else:
            self._watch(lag, late, elapsed)
        self._taken = self._refused = 0
        self._asked = {True: 0, False: 0}

    def takes(self, *, known: bool) -> bool:
        """Whether one more request goes on. Those who are `known` (they have a session) come before strangers: as
        many places as they asked for in the tick before are kept for them, all but a few."""
        self._asked[known] += 1
        if self._rate is not None:
            other = not known
            kept = max(0.0, self._kept[other] - self._asked[other])
            if self._left - kept < 1.0:
                self._refused += 1
                return False
            self._left -= 1.0
        self._taken += 1
        return True

    def _watch(self, lag: float, late: bool, elapsed: float) -> None:
        """Late ticks need not follow each other: where the loop works in long rounds, a byte that was sent late in one
        of them waits little, and every other tick looks punctual."""
        if not late:
            self._punctual += elapsed
            if self._punctual >= FORGIVEN:
                self._late = 0
            return
        self._late += 1
        self._punctual = 0.0
        if self._late >= PATIENCE:
            self.turning_away = True
            self._rate = None
            self._calm = 0
            self._lag = lag

    def _adjust(self, lag: float, late: bool, elapsed: float) -> None:
        if self._rate is None:
            self._rate = self._taken / elapsed
        if late and lag > self._lag * _FALLING:
            self._rate *= _LESS if lag < 2 * self._target else _FAR_LESS
        elif lag < self._target / 2:
            self._rate = self._rate * _MORE + _STEP
        self._rate = max(_FEWEST, self._rate)
        self._lag = lag
        self._calm = 0 if late or self._refused else self._calm + 1
        self.swamped = self._refused > _SWAMPED * self._taken
        if self._calm >= CALM:
            self.turning_away = False
            self._late = 0
            self._rate = None
            return
        # Places for one punctual tick: when the next one is late all the same, what came too much is turned away.
        self._left = self._rate * TICK_SECONDS
        strangers = min(self._asked[False], self._left * _FOR_STRANGERS)
        self._kept = {True: min(self._asked[True], self._left - strangers), False: strangers}
