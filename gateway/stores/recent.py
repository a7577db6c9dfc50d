"""A map that holds so many entries at most and forgets what was not used lately.

The oldest entry goes when there is one too many; one that was used since it was looked at last goes to the end of the
queue instead (a clock, or second chance). A use writes one flag and moves nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

_CHANCES = 8  # used entries passed over for one that goes: so long at most takes an insertion


class _Entry(Protocol):
    used: bool


K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=_Entry)


class Recent(Generic[K, V]):
    """`entries`, the same object for ever, may be read directly by whoever sets `used` of what was found."""

    __slots__ = ("_forgotten", "_most", "entries")

    def __init__(self, most: int, forgotten: Callable[[V], object] | None = None) -> None:
        """`most`: entries held. `forgotten` is told of a value that had to go."""
        self._most = most
        self._forgotten = forgotten
        self.entries: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self.entries)

    def get(self, key: K) -> V | None:
        """The value, which counts as used now."""
        value = self.entries.get(key)
        if value is not None:
            value.used = True
        return value

    def put(self, key: K, value: V) -> None:
        """Insert or replace."""
        self.entries[key] = value
        if len(self.entries) > self._most:
            self._make_room()

    def pop(self, key: K) -> V | None:
        """Forget one, which is given."""
        return self.entries.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        self.entries.clear()

    def _make_room(self) -> None:
        for chance in range(_CHANCES + 1):
            key, value = self.entries.popitem(last=False)
            if not value.used or chance == _CHANCES:
                if self._forgotten is not None:
                    self._forgotten(value)
                return
            value.used = False
            self.entries[key] = value
