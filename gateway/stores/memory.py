"""Sessions in this process's memory: for one worker on one machine. They end with the process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.stores.base import MOST_OF_ONE_OWNER, Stored

_ROWS_SLICE = 60.0  # seconds that an ended row may stay
_MARKS_SLICE = 600.0  # that a mark may stand too long; a lookup asks a set for each slice, 73 for those of 12 hours


@dataclass(slots=True)
class _Row:
    """A session or a held value, until its time comes."""

    expires_at: float
    stored: Stored
    owner: str = ""


class _Slices:
    """Keys by the slice of time in which they end: a key costs its place in one set, and is gone when it is dropped."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._slices: defaultdict[int, set[bytes]] = defaultdict(set)
        self._swept = self._now()

    def __contains__(self, key: bytes) -> bool:
        """Whether the key's slice is not over: asked of each slice, so few of them if many ask."""
        now = self._now()
        return any(number >= now and key in keys for number, keys in self._slices.items())

    def add(self, key: bytes, end: float) -> None:
        """Keep a key until its slice is over, which is after `end`."""
        self._slices[int(end // self._seconds)].add(key)

    def drop(self, key: bytes, end: float) -> None:
        """Forget a key that was added with this end."""
        number = int(end // self._seconds)
        keys = self._slices.get(number)
        if keys is not None:
            keys.discard(key)
            if not keys:
                del self._slices[number]

    def over(self) -> list[bytes]:
        """The keys whose slice is over, which are forgotten. Looked for once in each slice of time."""
        now = self._now()
        if now == self._swept:
            return []
        self._swept = now
        ended = [number for number in self._slices if number < now]
        return [key for number in ended for key in self._slices.pop(number)]

    def _now(self) -> int:
        return int(self._clock() // self._seconds)


class _Rows:
    """Rows by key. Ended rows are swept by later writes, so memory is bounded by what lives."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._rows: dict[bytes, _Row] = {}
        self._ends = _Slices(_ROWS_SLICE, clock)

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: bytes) -> _Row | None:
        row = self._rows.get(key)
        return row if row is not None and self._clock() < row.expires_at else None

    def end(self, key: bytes) -> float:
        """When a row ends; a row that is gone ended long ago."""
        row = self._rows.get(key)
        return 0.0 if row is None else row.expires_at

    def put(self, key: bytes, row: _Row) -> list[tuple[bytes, _Row]]:
        """Insert or replace; the rows that ended by now, which are forgotten."""
        before = self._rows.get(key)
        if before is not None:
            self._ends.drop(key, before.expires_at)
        self._rows[key] = row
        self._ends.add(key, row.expires_at)
        return [(ended, self._rows.pop(ended)) for ended in self._ends.over()]

    def pop(self, key: bytes) -> _Row | None:
        """Forget a living row and give it."""
        row = self.get(key)
        if row is not None:
            del self._rows[key]
            self._ends.drop(key, row.expires_at)
        return row


def _session(version: int, data: bytes, owner: str, expires_at: float, seen_at: float = 0.0) -> _Row:
    return _Row(expires_at, Stored(version, data, seen_at, expires_at), owner)


class MemorySessions:
    """A SessionStore of dictionaries. No method awaits, so each is one step for everybody else on the loop."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._sessions = _Rows(clock)
        self._held = _Rows(clock)
        self._marks = _Slices(_MARKS_SLICE, clock)
        self._owners: dict[str, set[bytes]] = {}

    def peek(self, key: bytes) -> Stored | None:
        """Every row is known without I/O here."""
        row = self._sessions.get(key)
        return None if row is None else row.stored

    def current(self, stored: Stored) -> bool:
        """See SessionStore.current."""
        return stored.stands

    def touch(self, key: bytes, seen_at: float) -> None:
        """See SessionStore.touch."""
        row = self._sessions.get(key)
        if row is not None:
            row.stored.seen_at = max(row.stored.seen_at, seen_at)

    async def get(self, key: bytes) -> Stored | None:
        """See SessionStore.get."""
        return self.peek(key)

    async def create(self, key: bytes, data: bytes, owner: str, expires_at: float) -> None:
        """See SessionStore.create."""
        self._put(key, _session(1, data, owner, expires_at))
        keys = self._owners.get(owner, set())  # none where it ended before it began
        while len(keys) > MOST_OF_ONE_OWNER:
            await self.remove(min(keys - {key}, key=self._sessions.end))

    async def replace(self, key: bytes, version: int, data: bytes, expires_at: float) -> bool:
        """See SessionStore.replace."""
        row = self._sessions.get(key)
        if row is None or row.stored.version != version:
            return False
        self._put(key, _session(version + 1, data, row.owner, expires_at, row.stored.seen_at))
        row.stored.stands = False
        return True

    async def rotate(self, old: bytes, new: bytes, version: int, data: bytes, owner: str, expires_at: float) -> bool:
        """See SessionStore.rotate."""
        row = self._sessions.get(old)
        if row is None or row.stored.version != version:
            return False
        held = self._held.pop(old)
        self._drop(old)
        self._put(new, _session(1, data, owner, expires_at, row.stored.seen_at))
        if held is not None:
            self._held.put(new, held)
        return True

    async def remove(self, key: bytes) -> bool:
        """See SessionStore.remove."""
        self._held.pop(key)
        return self._drop(key)

    async def present(self, owners: Sequence[str]) -> int:
        """See SessionStore.present."""
        return sum(any(self._sessions.get(key) for key in self._owners.get(owner, ())) for owner in owners)

    async def owned(self, owner: str) -> list[bytes]:
        """See SessionStore.owned."""
        return list(self._owners.get(owner, ()))

    async def remove_owner(self, owner: str) -> int:
        """See SessionStore.remove_owner."""
        return sum([await self.remove(key) for key in await self.owned(owner)])

    async def hold(self, key: bytes, data: bytes, expires_at: float) -> None:
        """See SessionStore.hold."""
        self._held.put(key, _Row(expires_at, Stored(1, data)))

    async def take_held(self, key: bytes) -> bytes | None:
        """See SessionStore.take_held."""
        row = self._held.pop(key)
        return None if row is None else row.stored.data

    async def mark(self, name: bytes, expires_at: float) -> bool:
        """See SessionStore.mark."""
        if name in self._marks:
            return False
        self._marks.over()
        self._marks.add(name, expires_at)
        return True

    async def marked(self, name: bytes) -> bool:
        """See SessionStore.marked."""
        return name in self._marks

    async def ping(self) -> None:
        """Memory always answers."""

    async def close(self) -> None:
        """Nothing to release."""

    def _put(self, key: bytes, row: _Row) -> None:
        self._owners.setdefault(row.owner, set()).add(key)
        for ended, dead in self._sessions.put(key, row):
            self._disown(ended, dead.owner)

    def _drop(self, key: bytes) -> bool:
        row = self._sessions.pop(key)
        if row is None:
            return False
        row.stored.stands = False
        self._disown(key, row.owner)
        return True

    def _disown(self, key: bytes, owner: str) -> None:
        keys = self._owners.get(owner, set())
        keys.discard(key)
        if not keys:
            self._owners.pop(owner, None)
