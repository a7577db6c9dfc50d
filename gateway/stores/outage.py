"""What the log says of a store that falls silent: once that it does not answer, once that it does again, and after how
long. Requests that it cannot answer meanwhile are counted, not told one by one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

_CALM_SECONDS = 1.0  # without a failure: one that answers every other time has not come back
_FORGOTTEN_SECONDS = 30.0  # who failed before and has not asked since does not prolong it
_log = logging.getLogger("sekisho.stores")


class Outage:
    """Of one store in one process, or of one of its servers. Several ways to it (see `failed`) share one."""

    def __init__(self, store: str, where: str = "", monotonic: Callable[[], float] = time.monotonic) -> None:
        """`where`: which of several servers. `monotonic`: seconds."""
        self._named = f"{store} at {where}" if where else store
        self._monotonic = monotonic
        self._answered = False
        self._since: float | None = None
        self._failed_at = 0.0
        self._failing: set[object] = set()
        self._refused = 0
        self._turn = threading.Lock()  # the registry is asked from two threads

    def failed(self, way: object, cause: str) -> None:
        """No answer on this way. A store that never answered is told by whoever opens it."""
        with self._turn:
            self._failed_at = self._monotonic()
            self._failing.add(way)
            if self._since is None:
                self._since, self._refused = self._failed_at, 0
                if self._answered:
                    _log.error("store %s does not answer: %s", self._named, cause)

    def refused(self) -> None:
        """Somebody was refused without asking."""
        self._refused += 1

    def answered(self, way: object) -> None:
        """An answer on this way. It ends the outage when every way that failed answers, and for a while."""
        if self._since is None:
            self._answered = True
            return
        with self._turn:
            self._failing.discard(way)
            silent = self._monotonic() - self._failed_at
            if silent >= (_FORGOTTEN_SECONDS if self._failing else _CALM_SECONDS):
                self._end("store %s answers again after %.1f s; %d questions were refused meanwhile")

    def replaced(self) -> None:
        """Another server has its place: nobody asks this one any more."""
        with self._turn:
            self._end("store %s has been replaced by another server after %.1f s; %d questions were refused meanwhile")

    def _end(self, words: str) -> None:
        if self._since is not None:
            _log.warning(words, self._named, self._monotonic() - self._since, self._refused)
        self._since, self._answered = None, True
        self._failing.clear()
