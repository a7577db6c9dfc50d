"""Whether one of several addresses of an app may be asked: known from what requests meet there, nothing else is sent.

in use ── FAILURES in a row ──► out for a pause ── one request may try ─┬─ it goes well ──► in use
                                     ▲ twice as long, up to a bound ────┘ it fails
"""

from __future__ import annotations

from typing import Final

FAILURES: Final = 3  # in a row: a single one may be the request's own fault
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0


class Health:
    """Of one address. Times are seconds of the lane's clock."""

    __slots__ = ("_failures", "_pause", "_until")

    def __init__(self) -> None:
        self._failures = 0
        self._pause = FIRST_PAUSE
        self._until = 0.0

    @property
    def out(self) -> bool:
        """Whether it has failed too often."""
        return self._failures >= FAILURES

    def usable(self, now: float) -> bool:
        """Whether the next request may go there."""
        return self._failures < FAILURES or now >= self._until

    def chosen(self, now: float) -> None:
        """A request goes there. While it is out that is the one that tries, and nobody follows for a pause."""
        if self.out:
            self._until = now + self._pause

    def good(self) -> bool:
        """A whole answer came. True: it had been out."""
        was_out = self.out
        self._failures, self._pause = 0, FIRST_PAUSE
        return was_out

    def bad(self, now: float) -> float:
        """Connecting failed, or an answer broke off. Gives the seconds that it is now out for; 0: it stays in."""
        self._failures += 1
        if self._failures < FAILURES:
            return 0.0
        pause = self._pause
        self._until = now + pause
        self._pause = min(2 * pause, LONGEST_PAUSE)
        return pause
