"""The browser connections of a lane, counted in all and by address, and who must give way when there are too many.

It stands where a set of clients stood: a client adds itself when it is connected and discards itself when it is not.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from gateway.core.heads import Networks, is_trusted
from gateway.core.households import household

if TYPE_CHECKING:
    from gateway.proxy.wire import Wire

_AT_LEAST = 32  # idle connections that give way together: looking for them costs a look at all


class Crowd:
    """`most`: connections in all; `per_address`: of one address, None for any number; `uncounted`: addresses that
    speak for many people."""

    def __init__(self, most: int, per_address: int | None, uncounted: Networks) -> None:
        self.most = most
        self._per_address = per_address
        self._uncounted = uncounted
        self._clients: set[Wire] = set()
        self._counts: dict[str, int] = {}
        self._arriving = 0

    def __len__(self) -> int:
        return len(self._clients)

    def __iter__(self) -> Iterator[Wire]:
        return iter(self._clients)

    def __contains__(self, client: object) -> bool:
        return client in self._clients

    def add(self, client: Wire) -> None:
        """A client is connected."""
        if client not in self._clients:
            self._clients.add(client)
            self._count(client.peer.address, 1)

    def discard(self, client: Wire) -> None:
        """It is not, or it belongs to another lane from now on."""
        if client in self._clients:
            self._clients.remove(client)
            self._count(client.peer.address, -1)

    def arrive(self, address: str) -> None:
        """A connection that is not yet a client's: it shakes hands, or has not said whose it is (address "")."""
        self._arriving += 1
        self._count(address, 1)

    def arrived(self, address: str) -> None:
        """It has become one, or gone."""
        self._arriving -= 1
        self._count(address, -1)

    @property
    def full(self) -> bool:
        """Whether there are as many as there may be."""
        return len(self._clients) + self._arriving >= self.most

    def has_enough(self, address: str) -> bool:
        """Whether an address has as many as it may have."""
        if self._per_address is None:
            return False
        group = _group(address, self._uncounted)
        return group is not None and self._counts.get(group, 0) >= self._per_address

    def is_one(self, address: str) -> bool:
        """Whether a connection from there is one household's: not a proxy's, which carries many people's requests."""
        return _group(address, self._uncounted) is not None

    def make_room(self) -> bool:
        """Close those that have waited longest for a next request. False: every connection is busy."""
        idle = (client for client in self._clients if client.idle)
        longest = heapq.nsmallest(max(_AT_LEAST, self.most // 64), idle, key=_deadline)
        for client in longest:
            client.give_way()
        return bool(longest)

    def _count(self, address: str, change: int) -> None:
        group = _group(address, self._uncounted)
        if group is None:
            return
        count = self._counts.get(group, 0) + change
        if count:
            self._counts[group] = count
        else:
            del self._counts[group]


def _deadline(client: Wire) -> float:
    return client.deadline


@lru_cache(maxsize=4096)
def _group(address: str, uncounted: Networks) -> str | None:
    """What is counted together. None: it is not counted."""
    return None if not address or is_trusted(address, uncounted) else household(address)
