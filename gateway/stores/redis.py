"""Sessions in Redis 6 or later, for any number of workers.

    {sekisho}:s:<key>     hash: v version, d bytes, o owner, e end       {sekisho}:h:<key>    hash: d bytes, e end
    {sekisho}:o:<owner>   sorted set of the owner's keys by end          {sekisho}:m:<name>   a mark's end

Each operation is one script, so it is one step for everybody. Ends are compared with the caller's clock; Redis's own
expiry only tidies up. Every change is told on a channel (see `freshness`): a known session costs no round trip, and a
revocation reaches every worker at once. Redis sees sealed bytes, hashes and login IDs, nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from gateway.core.errors import StoreUnavailable
from gateway.stores import redis_scripts as scripts
from gateway.stores.base import Stored
from gateway.stores.circuit import Circuit
from gateway.stores.freshness import GONE, FreshRows
from gateway.stores.redis_channel import Channel

_ANSWER_SECONDS = 0.4
# A script takes well under a millisecond, so few connections carry a lot; and a burst on a cold pool must not spend its
# time limit on opening dozens of them at once.
_CONNECTIONS = 8
_OWNERS_AT_ONCE = 500
_FLUSH_SECONDS = 1.0


class RedisSessions:
    """A SessionStore in Redis. Nothing connects before the first use; `close` at the end."""

    def __init__(
        self, url: str, clock: Callable[[], float], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`url`: redis://, rediss:// or unix://. Raises ValueError."""
        self._clock = clock
        self._monotonic = monotonic
        self._redis = _client(url)
        self._turns = asyncio.Semaphore(_CONNECTIONS)
        self._circuit = Circuit("sessions", monotonic=monotonic)
        self._fresh = FreshRows(clock, monotonic)
        self._channel = Channel(_client(url), scripts.CHANNEL, self._fresh, monotonic)
        self._scripts: dict[str, Any] = {}
        self._touched: dict[bytes, float] = {}
        self._flushing: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def peek(self, key: bytes) -> Stored | None:
        """See SessionStore.peek."""
        return self._fresh.get(key)

    def current(self, stored: Stored) -> bool:
        """See SessionStore.current."""
        return self._fresh.current(stored)

    def touch(self, key: bytes, seen_at: float) -> None:
        """See SessionStore.touch."""
        self._fresh.used(key, seen_at)
        self._touched[key] = seen_at
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        self._flushing = None
        touched, self._touched = self._touched, {}
        self._writing = asyncio.create_task(self._write(touched))

    async def _write(self, touched: dict[bytes, float]) -> None:
        flat = [part for pair in touched.items() for part in pair]
        with contextlib.suppress(StoreUnavailable):
            for start in range(0, len(flat), 1000):
                await self._run(scripts.TOUCH, *flat[start : start + 1000])

    async def owned(self, owner: str) -> list[bytes]:
        """See SessionStore.owned."""
        keys: list[bytes] = await self._run(scripts.OWNED, owner)
        return keys

    async def get(self, key: bytes) -> Stored | None:
        """See SessionStore.get."""
        with self._fresh.reading(key) as reading:
            asked_at = self._monotonic()
            row = await self._run(scripts.GET, key)
            if row is None:
                self._fresh.told(key, GONE)
                return None
            stored = Stored(int(row[0]), row[1], float(row[4] or 0), expires_at=float(row[2]))
            return self._fresh.keep(key, reading, stored, asked_at)

    async def create(self, key: bytes, data: bytes, owner: str, expires_at: float) -> None:
        """See SessionStore.create."""
        with self._fresh.reading(key) as reading:
            asked_at = self._monotonic()
            await self._run(scripts.CREATE, key, data, owner, expires_at)
            self._fresh.keep(key, reading, Stored(1, data, expires_at=expires_at), asked_at)

    async def replace(self, key: bytes, version: int, data: bytes, expires_at: float) -> bool:
        """See SessionStore.replace."""
        with self._fresh.reading(key) as reading:
            asked_at = self._monotonic()
            if not await self._run(scripts.REPLACE, key, version, data, expires_at):
                return False
            self._fresh.keep(key, reading, Stored(version + 1, data, expires_at=expires_at), asked_at)
            return True

    async def rotate(self, old: bytes, new: bytes, version: int, data: bytes, owner: str, expires_at: float) -> bool:
        """See SessionStore.rotate."""
        with self._fresh.reading(new) as reading:
            asked_at = self._monotonic()
            if not await self._run(scripts.ROTATE, old, new, version, data, owner, expires_at):
                return False
            self._fresh.told(old, GONE)
            self._fresh.keep(new, reading, Stored(1, data, expires_at=expires_at), asked_at)
            return True

    async def remove(self, key: bytes) -> bool:
        """See SessionStore.remove."""
        removed = await self._run(scripts.REMOVE, key)
        self._fresh.told(key, GONE)
        return bool(removed)

    async def remove_owner(self, owner: str) -> int:
        """See SessionStore.remove_owner."""
        removed = await self._run(scripts.REMOVE_OWNER, owner)
        # Which keys those were is told on the channel; this worker does not wait for it.
        self._fresh.forget_all()
        return int(removed)

    async def present(self, owners: Sequence[str]) -> int:
        """See SessionStore.present."""
        count = 0
        for start in range(0, len(owners), _OWNERS_AT_ONCE):
            count += int(await self._run(scripts.PRESENT, *owners[start : start + _OWNERS_AT_ONCE]))
        return count

    async def hold(self, key: bytes, data: bytes, expires_at: float) -> None:
        """See SessionStore.hold."""
        await self._run(scripts.HOLD, key, data, expires_at)

    async def take_held(self, key: bytes) -> bytes | None:
        """See SessionStore.take_held."""
        data: bytes | None = await self._run(scripts.TAKE_HELD, key)
        return data

    async def mark(self, name: bytes, expires_at: float) -> bool:
        """See SessionStore.mark."""
        return bool(await self._run(scripts.MARK, name, expires_at))

    async def marked(self, name: bytes) -> bool:
        """See SessionStore.marked."""
        return bool(await self._run(scripts.MARKED, name))

    async def ping(self) -> None:
        """See SessionStore.ping."""
        await self._run("return 1")

    async def close(self) -> None:
        """See SessionStore.close."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flush()
        if self._writing is not None:
            await asyncio.wait([self._writing])
        await self._channel.close()
        await self._redis.aclose()

    async def _run(self, script: str, *arguments: str | bytes | float) -> Any:  # noqa: ANN401 (a script's own answer)
        """Run a script. Waiting for a turn is not the server's silence, so it is not timed; and whoever queued while
        the server went away is refused at once by the circuit."""
        self._channel.follow()
        call = self._scripts.get(script)
        if call is None:
            call = self._scripts[script] = self._redis.register_script(script)
        async with self._turns:
            self._circuit.check()
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    answer = await call(args=[self._clock(), *arguments])
            except (RedisError, OSError, TimeoutError) as fault:
                cause = f"{type(fault).__name__}: {fault}".rstrip(": ")
                if isinstance(fault, RedisConnectionError | RedisTimeoutError | OSError | TimeoutError):
                    self._circuit.failed(cause)
                raise StoreUnavailable("sessions", cause) from fault
            self._circuit.answered()
            return answer


def _client(url: str) -> Redis:
    """One try with a short time: the defaults retry a refused connection for 3 s and a frozen server for a minute."""
    return Redis.from_url(
        url,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=_ANSWER_SECONDS,
        socket_connect_timeout=_ANSWER_SECONDS,
        max_connections=_CONNECTIONS + 1,
    )
