"""Sessions in Redis 6 or later, for any number of workers: one server, one that Sentinels watch, or a cluster.

What must be one step for everybody is one script over keys that Redis keeps together (see `redis_scripts`). The list of
an owner's keys may be kept elsewhere, so it is written apart, in an order that leaves no session out of it that a
browser has: a key is listed before it takes the place of another, and a new session's token is given out when it is
listed. What is listed too much, after a fault, ends with the session's own end.

Ends are compared with the caller's clock; Redis's own expiry only tidies up. Every change is told on a channel (see
`freshness`): a known session costs no round trip, and a revocation reaches every worker at once. Redis sees sealed
bytes, hashes and login IDs, nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Sequence

from gateway.core.errors import StoreUnavailable
from gateway.stores import redis_scripts as scripts
from gateway.stores.base import Stored
from gateway.stores.freshness import GONE, FreshRows
from gateway.stores.redis_channel import Channel
from gateway.stores.redis_scripts import held_name, lifetime, mark_name, owner_name, row_name
from gateway.stores.redis_servers import connect
from gateway.stores.redis_uses import Uses

_ANSWER_SECONDS = 0.4
_ROUNDS = 20  # of ending an owner's sessions; each one more means that another was listed meanwhile


class RedisSessions:
    """A SessionStore in Redis. Nothing connects before the first use; `close` at the end."""

    def __init__(
        self,
        url: str,
        clock: Callable[[], float],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        known: int = 20_000,
    ) -> None:
        """`url`: see `config.redis_url`. `known`: rows kept in this process. Raises ValueError."""
        self._clock = clock
        self._monotonic = monotonic
        self._servers = connect(url, _ANSWER_SECONDS, monotonic)
        self._fresh = FreshRows(clock, monotonic, known=known)
        self._channel = Channel(self._servers, self._fresh, monotonic)
        self._uses = Uses(self._servers, clock)
        self.current = self._fresh.current

    def peek(self, key: bytes) -> Stored | None:
        """See SessionStore.peek."""
        return self._fresh.get(row_name(key))

    def touch(self, key: bytes, seen_at: float) -> None:
        """See SessionStore.touch."""
        name = row_name(key)
        self._fresh.used(name, seen_at)
        self._uses.note(name, seen_at)

    async def get(self, key: bytes) -> Stored | None:
        """See SessionStore.get."""
        self._channel.follow()
        name = row_name(key)
        with self._fresh.reading(name) as reading:
            asked_at = self._monotonic()
            row = await self._servers.ask(name, "GET", name)
            stored = None if row is None else scripts.unpacked_row(row, self._clock())
            if stored is None:
                self._fresh.told(name, GONE)
                return None
            stored.seen_at = max(stored.seen_at, self._uses.latest(name))
            return self._fresh.keep(name, reading, stored, asked_at)

    async def create(self, key: bytes, data: bytes, owner: str, expires_at: float) -> None:
        """See SessionStore.create."""
        self._channel.follow()
        name = row_name(key)
        with self._fresh.reading(name) as reading:
            asked_at, now = self._monotonic(), self._clock()
            row = scripts.packed_row(data, owner, expires_at)
            await self._servers.ask(name, "SET", name, row, "PX", lifetime(expires_at, now))
            await self._list(owner, key, expires_at)
            self._fresh.keep(name, reading, Stored(1, data, expires_at=expires_at), asked_at)

    async def replace(self, key: bytes, version: int, data: bytes, expires_at: float) -> bool:
        """See SessionStore.replace."""
        self._channel.follow()
        name = row_name(key)
        with self._fresh.reading(name) as reading:
            asked_at, now = self._monotonic(), self._clock()
            written = (now, version, data, expires_at, lifetime(expires_at, now))
            answer = await self._servers.run(scripts.REPLACE, [name], *written, 0)
            if isinstance(answer, bytes):  # limits have changed since: first the end in the owner's list
                await self._list(answer.decode(), key, expires_at)
                answer = await self._servers.run(scripts.REPLACE, [name], *written, 1)
            if not answer:
                return False
            self._fresh.keep(name, reading, Stored(version + 1, data, expires_at=expires_at), asked_at)
            return True

    async def rotate(self, old: bytes, new: bytes, version: int, data: bytes, owner: str, expires_at: float) -> bool:
        """See SessionStore.rotate."""
        self._channel.follow()
        names = [row_name(old), row_name(new), held_name(old), held_name(new)]
        with self._fresh.reading(names[1]) as reading:
            await self._list(owner, new, expires_at)
            asked_at, now = self._monotonic(), self._clock()
            written = (now, version, data, owner, expires_at, lifetime(expires_at, now))
            moved = await self._servers.run(scripts.ROTATE, names, *written)
            await self._unlist(owner, old if moved else new)
            if not moved:
                return False
            self._fresh.told(names[0], GONE)
            self._fresh.keep(names[1], reading, Stored(1, data, expires_at=expires_at), asked_at)
            return True

    async def remove(self, key: bytes) -> bool:
        """See SessionStore.remove."""
        owner = await self._end(key)
        if owner is None:
            return False
        await self._unlist(owner.decode(), key)
        return True

    async def owned(self, owner: str) -> list[bytes]:
        """See SessionStore.owned."""
        self._channel.follow()
        name = owner_name(owner)
        keys: list[bytes] = await self._servers.ask(name, "ZRANGE", name, 0, -1)
        return keys

    async def remove_owner(self, owner: str) -> int:
        """See SessionStore.remove_owner. Again until nothing is listed: one may be moving to a new key meanwhile."""
        count = 0
        for _ in range(_ROUNDS):
            keys = await self.owned(owner)
            if not keys:
                break
            ended = await asyncio.gather(*(self._end(key) for key in keys))
            count += sum(one is not None for one in ended)
            name = owner_name(owner)
            await self._servers.ask(name, "ZREM", name, *keys)
        return count

    async def present(self, owners: Sequence[str]) -> int:
        """See SessionStore.present."""
        names = [owner_name(owner) for owner in owners]
        return sum(await self._servers.over(scripts.PRESENT, names, self._clock(), ()))

    async def hold(self, key: bytes, data: bytes, expires_at: float) -> None:
        """See SessionStore.hold."""
        name = held_name(key)
        row = scripts.packed_held(data, expires_at)
        await self._servers.ask(name, "SET", name, row, "PX", lifetime(expires_at, self._clock()))

    async def take_held(self, key: bytes) -> bytes | None:
        """See SessionStore.take_held."""
        row = await self._servers.run(scripts.TAKE, [held_name(key)], self._clock())
        return None if row is None else scripts.unpacked_held(row, self._clock())

    async def mark(self, name: bytes, expires_at: float) -> bool:
        """See SessionStore.mark."""
        now = self._clock()
        lasts = lifetime(expires_at, now)
        return bool(await self._servers.run(scripts.MARK, [mark_name(name)], now, expires_at, lasts))

    async def marked(self, name: bytes) -> bool:
        """See SessionStore.marked."""
        ends = await self._servers.ask(mark_name(name), "GET", mark_name(name))
        return ends is not None and float(ends) > self._clock()

    async def ping(self) -> None:
        """See SessionStore.ping. Asked of every server that keeps sessions."""
        self._channel.follow()
        await self._servers.ask(b"", "PING")
        await asyncio.gather(*(node.ask("PING") for node in self._servers.nodes()))

    async def close(self) -> None:
        """See SessionStore.close."""
        await self._uses.close()
        await self._channel.close()
        await self._servers.close()

    async def _end(self, key: bytes) -> bytes | None:
        """End one session and give its owner; None when there was none. The owner's list keeps it."""
        self._channel.follow()
        name = row_name(key)
        owner: bytes | None = await self._servers.run(scripts.REMOVE, [name, held_name(key)], self._clock())
        self._fresh.told(name, GONE)
        return owner

    async def _list(self, owner: str, key: bytes, expires_at: float) -> None:
        """Note whose key this is; whoever has too many loses those that end soonest."""
        written = (self._clock(), key, math.ceil(expires_at))
        for surplus in await self._servers.run(scripts.LIST, [owner_name(owner)], *written):
            await self._end(surplus)
            await self._unlist(owner, surplus)

    async def _unlist(self, owner: str, key: bytes) -> None:
        """A key that is gone; left in the list it would be forgotten at its end."""
        name = owner_name(owner)
        with contextlib.suppress(StoreUnavailable):
            await self._servers.ask(name, "ZREM", name, key)
