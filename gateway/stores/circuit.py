"""After a store failed to answer, nobody else waits for it: for a second everybody is refused at once.

Then one caller tries again while the others are still refused; its success lets everybody in.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from gateway.core.errors import StoreUnavailable
from gateway.stores.outage import Outage


class Circuit:
    """One store's circuit. Time is monotonic: it measures waiting, not dates."""

    def __init__(
        self,
        store: str,
        pause: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
        outage: Outage | None = None,
    ) -> None:
        """`outage` tells the log; circuits of one store may share it."""
        self._outage = Outage(store, monotonic=monotonic) if outage is None else outage
        self._store = store
        self._pause = pause
        self._monotonic = monotonic
        self._open_until: float | None = None
        self._cause = ""

    def check(self) -> None:
        """Raise StoreUnavailable while open. The first caller after the pause passes, to try."""
        if self._open_until is None:
            return
        now = self._monotonic()
        if now < self._open_until:
            self._outage.refused()
            raise StoreUnavailable(self._store, f"{self._cause} (asked less than {self._pause:g} s ago)")
        self._open_until = now + self._pause

    def failed(self, cause: str) -> None:
        """The store did not answer."""
        self._cause = cause
        self._open_until = self._monotonic() + self._pause
        self._outage.failed(self, cause)

    def answered(self) -> None:
        """The store answered."""
        self._open_until = None
        self._outage.answered(self)

    def replaced(self) -> None:
        """Another server has taken its place: nobody asks this one any more."""
        self._outage.replaced()
