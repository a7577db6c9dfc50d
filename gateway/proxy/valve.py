"""How many new requests a busy process takes: enough that it stays busy, few enough that each is answered soon.

    tick: how long did the last byte wait for us, and were we at work meanwhile?  long, and again ─► as many a second as
    are managed, fewer while the wait is long, a little more while it is short ─► open again when nobody is turned away

The measure is how long requests have waited, as in CoDel (RFC 8289), not how many there are: what they cost differs.
Nothing here reads a clock.
"""

from __future__ import annotations

TICK_SECONDS = 0.1
PATIENCE = 2  # late ticks: one of them may be anybody's fault
FORGIVEN = 1.0  # seconds of punctual ticks after which a late one is forgotten
CALM = 10  # ticks without anybody turned away
_BUSY = 0.3  # of the time, for lateness to be our own doing; a machine that gives us no time is no crowd of requests
_HELD = 0.5  # of the target: what the wait is held under while some are turned away
_FAR_TOO_LATE = 10.0  # times the target: whosever doing it is
_FEWEST = 200.0  # requests a second that are taken at any rate
_DRAIN_SECONDS = 0.5  # in which what waits too long shall have gone; until then so much less is taken than is managed,
_LEAST = 0.2  # but so much of it all the while
_WEIGHT = 0.3  # of the newest tick in what is managed
_MORE, _FAR_MORE = 1.05, 1.5  # times as many a tick: while at work all the time, and while there is time to spare,
_TO_SPARE = 0.8  # which is less than so much of it at work
_AT_MOST = 3.0  # times what was managed
_SWAMPED = 2  # times as many turned away as taken
_REST, _LONGEST_REST, _LONGER = 0.25, 2.0, 1.5  # seconds; times by tick
_FOR_STRANGERS = 0.1  # of the places, even where those with a session would fill them all


class Valve:
    """Open, or letting a number through. `target`: seconds that a request may wait for the loop."""

    def __init__(self, target: float) -> None:
        self._target = target
        self._late = self._calm = 0
        self._punctual = 0.0  # seconds since the last late tick
        self._rate = self._managed = 0.0  # requests a second: that may come in; that are managed
        self._queued = 0
        self._left = 0.0  # places until the next tick
        self._taken = self._refused = 0
        self._asked = {True: 0, False: 0}  # since the last tick, by `known`
        self._kept = {True: 0.0, False: 0.0}  # places that are kept for them
        self.turning_away = False
        self.rest = 0.0  # seconds for which who is turned away had better say nothing: turning away is most of the work

    def tick(self, lag: float, elapsed: float, busy: float, queued: int = 0, served: int = 0) -> None:
        """What came last has waited `lag` seconds; `elapsed` since the tick before, `busy` of them at work. `queued`:
        requests that were taken and wait for a connection to an app; `served`: got one since the tick before."""
        to_spare = busy < _TO_SPARE * elapsed and not queued
        managed = max(served, self._taken + self._queued - queued) / elapsed  # many are answered without an app
        if managed > self._managed or not to_spare:  # where there was time to spare more could have been managed
            self._managed += (managed - self._managed) * _WEIGHT
        self._queued = queued
        wait = lag + queued / max(self._managed, _FEWEST)  # of whoever comes now
        ours = busy >= _BUSY * elapsed or wait > _FAR_TOO_LATE * self._target
        if self.turning_away:
            self._adjust(wait, ours, to_spare)
        else:
            self._watch(ours and wait > self._target, elapsed)
        self._taken = self._refused = 0
        self._asked = {True: 0, False: 0}

    def takes(self, *, known: bool) -> bool:
        """Whether one more request goes on. Those who are `known` (they have a session) come before strangers: as
        many places as they asked for in the tick before are kept for them, all but a few."""
        self._asked[known] += 1
        if self.turning_away:
            other = not known
            kept = max(0.0, self._kept[other] - self._asked[other])
            if self._left - kept < 1.0:
                self._refused += 1
                return False
            self._left -= 1.0
        self._taken += 1
        return True

    def _watch(self, late: bool, elapsed: float) -> None:
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
            self._calm = 0
            self._rate = max(_FEWEST, self._managed)
            self._make_places()

    def _adjust(self, wait: float, ours: bool, to_spare: bool) -> None:
        held = self._target * _HELD
        late = ours and wait > held
        if late:
            self._rate = self._managed * max(_LEAST, 1.0 - (wait - held / 2) / _DRAIN_SECONDS)
        elif wait < held / 2:
            more = max(self._rate, self._managed) * (_FAR_MORE if to_spare else _MORE)
            self._rate = min(more, self._managed * _AT_MOST)
        self._rate = max(_FEWEST, self._rate)
        self._calm = 0 if late or self._refused else self._calm + 1
        if self._refused > _SWAMPED * self._taken:
            self.rest = min(_LONGEST_REST, max(_REST, self.rest * _LONGER))
        else:
            self.rest = self.rest / _LONGER if self.rest > _REST else 0.0
        if self._calm >= CALM:
            self.turning_away = False
            self.rest = 0.0
            self._late = 0
            return
        self._make_places()

    def _make_places(self) -> None:
        """For one punctual tick: when the next one is late all the same, what came too much is turned away."""
        self._left = self._rate * TICK_SECONDS
        strangers = min(self._asked[False], self._left * _FOR_STRANGERS)
        self._kept = {True: min(self._asked[True], self._left - strangers), False: strangers}
