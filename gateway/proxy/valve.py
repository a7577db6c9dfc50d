"""How many new requests a busy process takes: enough that it stays busy, few enough that each is answered soon.

    tick: how long did the last byte wait for us, and were we at work meanwhile?  long, and again ─► as many a second as
    there is time for beside turning the others away, fewer while the wait is long ─► open again when nobody is turned
    away

When to begin is told by how long requests have waited, as in CoDel (RFC 8289), not by how many there are: what they
cost differs. How many to take is told by the work that was done in the time that was worked: what was turned away
counts, too, so that taking less does not look like managing less. Nothing here reads a clock.
"""

from __future__ import annotations

import math

TICK_SECONDS = 0.1
PATIENCE = 2  # late ticks: one of them may be anybody's fault
FORGIVEN = 1.0  # seconds of punctual ticks after which a late one is forgotten
CALM = 10  # ticks without anybody turned away
_BUSY = 0.3  # of the time, for lateness to be our own doing; a machine that gives us no time is no crowd of requests
_FAR_TOO_LATE = 10.0  # times the target: whosever doing it is
_FEWEST = 200.0  # requests a second that are taken at any rate
_REFUSAL = 0.45  # of the work for a request that is served: reading one and writing an answer is most of what is left
_FILLED = 0.9  # of the time that there is: what comes does not come evenly
_HELD = 0.3  # of the target: where the wait is longer less is taken than there is time for,
_DRAIN_SECONDS = 0.5  # so much less that what waits too long has gone after so long,
_LEAST = 0.2  # but so much of it all the while
_UP, _DOWN = 0.5, 0.15  # of the newest tick in the pace: a tick may have been worked for other things than requests
_WEIGHT = 0.3  # of the newest tick in other averages
_MORE = 1.05  # times as many a tick for apps, as long as few wait for them
_MUCH = 0.3  # of the work, for turning away
_REST, _LONGEST_REST, _LONGER = 0.1, 2.0, 1.15  # seconds; times by tick
_MOST_CHANGES = 100.0  # of the rest by one tick: a process that was stopped for long cannot count all that it missed
_FOR_STRANGERS = 0.1  # of the places, even where those with a session would fill them all


class Valve:
    """Open, or letting a number through. `target`: seconds that a request may wait for the loop."""

    def __init__(self, target: float) -> None:
        self._target = target
        self._late = self._calm = 0
        self._punctual = 0.0  # seconds since the last late tick
        self._pace = 0.0  # requests in a second of work, each that was turned away by its part
        self._asked_for = 0.0  # requests a second, averaged
        self._refusals = 0.0  # of the work, for turning away, averaged
        self._at_apps = math.inf  # requests a second that the apps manage, where that is fewer
        self._managed = 0.0  # requests a second, averaged
        self._queued = 0
        self._left = 0.0  # places until the next tick
        self._taken = self._refused = 0
        self._asked = {True: 0, False: 0}  # since the last tick, by `known`
        self._kept = {True: 0.0, False: 0.0}  # places that are kept for them
        self.turning_away = False
        self.rest = 0.0  # seconds for which who is turned away had better say nothing: turning away is much of the work

    def tick(self, lag: float, elapsed: float, busy: float, queued: int = 0, served: int = 0) -> None:
        """What came last has waited `lag` seconds; `elapsed` since the tick before, `busy` of them at work. `queued`:
        requests that were taken and wait for a connection to an app; `served`: got one since the tick before."""
        # Many are answered without an app. Of those who have left the queue some may have given up.
        managed = max(served, self._taken - max(0, queued - self._queued))
        self._queued = queued
        at_work = busy >= _BUSY * elapsed
        self._measure(managed, max(served, self._taken), elapsed, busy, at_work=at_work)
        at_apps = queued / max(managed / elapsed, _FEWEST)
        if at_apps > self._target * _HELD / 2:
            self._at_apps = (managed / elapsed + self._managed) / 2 * self._part(at_apps)
        else:
            self._at_apps = max(self._at_apps * _MORE, managed / elapsed)
        wait = lag + at_apps  # of whoever comes now
        ours = at_work or wait > _FAR_TOO_LATE * self._target
        if self.turning_away:
            self._adjust(wait if ours else 0.0, elapsed)
        else:
            self._watch(ours and wait > self._target, elapsed)
        self._taken = self._refused = 0
        self._asked = {True: 0, False: 0}

    def full(self, *, known: bool) -> bool:
        """Whether one more request would be turned away now."""
        return self.turning_away and self._left - max(0.0, self._kept[not known] - self._asked[not known]) < 1.0

    def takes(self, *, known: bool, anyway: bool = False) -> bool:
        """Whether one more request goes on. Those who are `known` (they have a session) come before strangers: as
        many places as they asked for in the tick before are kept for them, all but a few. `anyway`: it does, at
        nobody's expense, and counts as any other work."""
        self._asked[known] += 1
        if not anyway and self.full(known=known):
            self._refused += 1
            return False
        self._left -= not anyway
        self._taken += 1
        return True

    def _measure(self, managed: int, taken: int, elapsed: float, busy: float, *, at_work: bool) -> None:
        """`taken`: of those that were asked for. Where little was done that tells little of how much can be, except
        while people are turned away: that it could be more."""
        refusals = _REFUSAL * self._refused
        done = managed + refusals
        if busy and done:
            pace = done / busy
            down = 1.0 - (1.0 - _DOWN) ** (elapsed / TICK_SECONDS)
            if at_work:
                self._pace += (pace - self._pace) * (_UP if pace > self._pace else down)
            elif self.turning_away:
                self._pace += max(0.0, pace - self._pace) * down
        self._managed += (managed / elapsed - self._managed) * _WEIGHT
        self._asked_for += ((taken + self._refused) / elapsed - self._asked_for) * _WEIGHT
        self._refusals += ((refusals / done if done else 0.0) - self._refusals) * _WEIGHT

    def _part(self, wait: float) -> float:
        """How much of what there is time for may come in."""
        return min(1.0, max(_LEAST, 1.0 - (wait - self._target * _HELD) / _DRAIN_SECONDS))

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
            self._make_places(1.0)

    def _adjust(self, wait: float, elapsed: float) -> None:
        self._calm = 0 if self._refused else self._calm + 1
        if self._calm >= CALM:
            self.turning_away = False
            self.rest = 0.0
            self._late = 0
            return
        change = _LONGER ** min(elapsed / TICK_SECONDS, _MOST_CHANGES)
        if self._refusals > _MUCH:  # a rest that is shorter than the wait would be none
            self.rest = min(_LONGEST_REST, max(_REST, wait, self.rest * change))
        else:
            self.rest = self.rest / change if self.rest > _REST else 0.0
        self._make_places(self._part(wait))

    def _make_places(self, part: float) -> None:
        """For one punctual tick: when the next one is late all the same, what came too much is turned away."""
        # With x that are served a second the others cost a part each: x + _REFUSAL * (asked for - x) is what fits in.
        served = (_FILLED * self._pace - _REFUSAL * self._asked_for) / (1.0 - _REFUSAL)
        rate = min(max(served, _LEAST * self._pace) * part, self._at_apps)
        self._left = max(_FEWEST, rate) * TICK_SECONDS
        strangers = min(self._asked[False], self._left * _FOR_STRANGERS)
        self._kept = {True: min(self._asked[True], self._left - strangers), False: strangers}
