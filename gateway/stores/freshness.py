"""Which of the rows that were read earlier are still certain to be current, without asking the store again.

Redis tells every worker what changed, over a channel. A row counts as current for `max_age` seconds after the latest
of: it was read; a ping was sent over the channel whose answer has come (Redis answers in order, so every change
before that ping has been told). While the channel is silent, nothing older than `max_age` is used (rule 7).

A change can be told while a read is under way; that read's row is then kept only if it is as new as the change.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.stores.base import Stored
from gateway.stores.recent import Recent

GONE = 1 << 62  # the version told of a key that was removed: later than any row of it


@dataclass(slots=True, eq=False)  # told apart by identity: two reads of one key may be told the same
class Reading:
    """A read or write under way for one key, and the newest version told meanwhile."""

    told: int = 0


class FreshRows:
    """Rows known in this process. `monotonic` measures ages; ends of rows are Unix seconds of `clock`."""

    def __init__(
        self, clock: Callable[[], float], monotonic: Callable[[], float], max_age: float = 1.0, known: int = 20_000
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._max_age = max_age
        self._rows: Recent[bytes, Stored] = Recent(known, _outdated)
        self._under_way: dict[bytes, list[Reading]] = {}
        self._certain_at = float("-inf")

    def get(self, key: bytes) -> Stored | None:
        """The row if it is certainly current."""
        row = self._rows.get(key)
        return row if row is not None and self.current(row) and self._clock() < row.expires_at else None

    def current(self, row: Stored) -> bool:
        """Whether a row that was kept is still certainly current, its end apart."""
        row.used = True
        oldest = self._monotonic() - self._max_age
        return row.stands and (oldest <= self._certain_at or oldest <= row.read_at)

    def used(self, key: bytes, seen_at: float) -> None:
        """The session was used here."""
        row = self._rows.entries.get(key)
        if row is not None and row.seen_at < seen_at:
            row.seen_at = seen_at

    @contextlib.contextmanager
    def reading(self, key: bytes) -> Iterator[Reading]:
        """Surround a read or write of `key`; `keep` inside it."""
        reading = Reading()
        self._under_way.setdefault(key, []).append(reading)
        try:
            yield reading
        finally:
            others = self._under_way[key]
            others.remove(reading)
            if not others:
                del self._under_way[key]

    def keep(self, key: bytes, reading: Reading, stored: Stored, asked_at: float) -> Stored:
        """Remember what was read or written; `asked_at`: monotonic time before the store was asked."""
        before = self._rows.entries.get(key)
        if stored.version < max(reading.told, 0 if before is None else before.version):
            stored.stands = False  # a write of this process may be known before it is told
            return stored
        if before is not None:
            before.stands = False
            stored.seen_at = max(stored.seen_at, before.seen_at)
        stored.read_at = asked_at
        self._rows.put(key, stored)
        return stored

    def told(self, key: bytes, version: int) -> None:
        """The store says that `key` is at `version` now (GONE: removed)."""
        row = self._rows.entries.get(key)
        if row is not None and row.version < version:
            row.stands = False
            self._rows.pop(key)
        for reading in self._under_way.get(key, ()):
            reading.told = max(reading.told, version)

    def certain(self, at: float) -> None:
        """Every change before the monotonic time `at` has been told."""
        self._certain_at = at

    def forget_all(self) -> None:
        """The channel was lost: changes may have gone untold."""
        for row in self._rows.entries.values():
            row.stands = False
        self._rows.clear()
        self._certain_at = float("-inf")
        for readings in self._under_way.values():
            for reading in readings:
                reading.told = GONE


def _outdated(row: Stored) -> None:
    row.stands = False
