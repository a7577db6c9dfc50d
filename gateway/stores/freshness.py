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

GONE = 1 << 62  # the version told of a key that was removed: later than any row of it


@dataclass(slots=True, eq=False)  # told apart by identity: two reads of one key may be told the same
class Reading:
    """A read or write under way for one key, and the newest version told meanwhile."""

    told: int = 0


@dataclass(slots=True)
class _Row:
    stored: Stored
    expires_at: float
    read_at: float


class FreshRows:
    """Rows known in this process. `monotonic` measures ages; ends of rows are Unix seconds of `clock`."""

    def __init__(
        self, clock: Callable[[], float], monotonic: Callable[[], float], max_age: float = 1.0, known: int = 20_000
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._max_age = max_age
        self._known = known
        self._rows: dict[bytes, _Row] = {}
        self._under_way: dict[bytes, list[Reading]] = {}
        self._certain_at = float("-inf")

    def get(self, key: bytes) -> Stored | None:
        """The row if it is certainly current."""
        row = self._rows.get(key)
        if row is None or self._clock() >= row.expires_at:
            return None
        if self._monotonic() - max(row.read_at, self._certain_at) > self._max_age:
            return None
        return row.stored

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

    def keep(self, key: bytes, reading: Reading, stored: Stored, expires_at: float, asked_at: float) -> None:
        """Remember what was read or written; `asked_at`: monotonic time before the store was asked."""
        if stored.version < reading.told:
            return
        self._rows.pop(key, None)
        self._rows[key] = _Row(stored, expires_at, asked_at)
        if len(self._rows) > self._known:
            del self._rows[next(iter(self._rows))]

    def told(self, key: bytes, version: int) -> None:
        """The store says that `key` is at `version` now (GONE: removed)."""
        row = self._rows.get(key)
        if row is not None and row.stored.version < version:
            del self._rows[key]
        for reading in self._under_way.get(key, ()):
            reading.told = max(reading.told, version)

    def certain(self, at: float) -> None:
        """Every change before the monotonic time `at` has been told."""
        self._certain_at = at

    def forget_all(self) -> None:
        """The channel was lost: changes may have gone untold."""
        self._rows.clear()
        self._certain_at = float("-inf")
        for readings in self._under_way.values():
            for reading in readings:
                reading.told = GONE
