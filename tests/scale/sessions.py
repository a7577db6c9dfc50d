"""What sessions cost in Redis and in a worker, with as many as a crowd has. Run by hand:

    .venv/bin/python -m tests.scale.sessions 1000000 [--cached 50000]

Records, seals, rows and lists of owners' keys are the product's own; only the sending goes in pipelines, past the
store's questions one by one. Half of the load is of sessions without cookies, so that both can be told apart.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from time import time as wall_clock  # noqa: TID251 - sessions of now, in a Redis that reads its own clock

from redis.asyncio import Redis

from gateway.core.cookies import Jar, VaultedCookie
from gateway.core.session import Session
from gateway.core.subject import Kind, Subject
from gateway.stores import redis_scripts as scripts
from gateway.stores.redis import RedisSessions
from gateway.stores.sealing import KeyRing
from gateway.stores.sessions import SessionRecord, Sessions
from tests.servers import redis_server

_AT_ONCE = 1000
_LASTS = 43200.0
_PAGE = os.sysconf("SC_PAGE_SIZE")
_RING = KeyRing([b"k" * 32])


@dataclass(frozen=True)
class Written:
    """A session as `create` was asked to keep it."""

    key: bytes
    data: bytes
    owner: str
    expires_at: float


class Collecting:
    """Takes sessions from `Sessions.open` without keeping them."""

    def __init__(self) -> None:
        self.written: list[Written] = []

    def current(self, stored: object) -> bool:
        return False

    def peek(self, key: bytes) -> None:
        return None

    async def create(self, key: bytes, data: bytes, owner: str, expires_at: float) -> None:
        self.written.append(Written(key, data, owner, expires_at))


def record(number: int, now: float, *, cookies: bool) -> SessionRecord:
    """Somebody of one of many establishments, with a code, whose app has set one cookie."""
    establishment = f"{number // 50 % 1_000_000:06d}"
    login_id = f"B{number:08d}"
    office, employee = f"{number // 5000:06d}", f"{number % 50:03d}"
    subject = Subject(login_id, Kind.ESTABLISHMENT, office, establishment, employee, "", "髙橋 太郎")
    jar = Jar((VaultedCookie(b"JSESSIONID", secrets.token_hex(16).encode(), b"/", None),)) if cookies else Jar()
    session = Session(subject, "portal", now, now, now + 20.5)
    return SessionRecord(session, jar, secrets.token_urlsafe(24), typed=login_id.lower())


async def fill(client: Redis, first: int, count: int, *, cookies: bool) -> list[bytes]:
    """Open so many sessions; some of their tokens."""
    tokens: list[bytes] = []
    for start in range(first, first + count, _AT_ONCE):
        store = Collecting()
        sessions = Sessions(store, _RING, wall_clock, lambda _: _LASTS, known=1)  # type: ignore[arg-type]
        now = wall_clock()
        numbers = range(start, min(start + _AT_ONCE, first + count))
        tokens += [await sessions.open(record(number, now, cookies=cookies)) for number in numbers]
        async with client.pipeline(transaction=False) as pipe:
            for one in store.written:
                for command in commands(one, now):
                    pipe.execute_command(*command)
            await pipe.execute()
    return tokens


def commands(one: Written, now: float) -> Iterator[tuple[bytes | str | float, ...]]:
    """What `RedisSessions.create` sends."""
    row = scripts.packed_row(one.data, one.owner, one.expires_at)
    yield "SET", scripts.row_name(one.key), row, "PX", scripts.lifetime(one.expires_at, now)
    listed = (now, one.key, round(one.expires_at))
    yield "EVALSHA", scripts.LIST.digest, 1, scripts.owner_name(one.owner), *listed


def say(line: str) -> None:
    """One line of the outcome."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def resident() -> int:
    """Bytes of memory that this process has."""
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * _PAGE


async def used_memory(client: Redis) -> int:
    """Bytes that Redis has handed out."""
    info = await client.info("memory")
    return int(info["used_memory"])


async def cached(url: str, tokens: list[bytes]) -> None:
    """What a worker that knows these sessions needs for each, and how long it takes to recognise one."""
    store = RedisSessions(url, wall_clock, known=len(tokens))
    sessions = Sessions(store, _RING, wall_clock, lambda _: _LASTS, idle_seconds=lambda _: 1800.0, known=len(tokens))
    await store.ping()
    await asyncio.sleep(0.5)
    gc.collect()
    before, began = resident(), time.perf_counter()
    for start in range(0, len(tokens), _AT_ONCE):
        await asyncio.gather(*(sessions.load(token) for token in tokens[start : start + _AT_ONCE]))
    took = (time.perf_counter() - began) / len(tokens)
    gc.collect()
    grown = (resident() - before) / len(tokens)
    say(f"{len(tokens):>9,} cached   {grown:7.0f} bytes of a worker for each, {took * 1e6:.0f} µs to load one")
    best, known = 1.0, 0
    for start in range(0, len(tokens), _AT_ONCE):
        some = [bytes(bytearray(token)) for token in tokens[start : start + _AT_ONCE]]  # as they come from a parser
        await asyncio.sleep(0.001)
        began = time.perf_counter()
        known += sum(sessions.peek(token) is not None for token in some)
        best = min(best, (time.perf_counter() - began) / len(some))
    say(f"{known:>9,} peeked   {best * 1e9:7.0f} ns for each, at best")
    await store.close()


async def measure(count: int, cached_sessions: int) -> None:
    """Fill, then look."""
    with redis_server() as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        async with Redis.from_url(url) as client:
            await client.script_load(scripts.LIST.text)
            empty, tokens = await used_memory(client), list[bytes]()
            for cookies, first, some in ((False, 0, count // 2), (True, count // 2, count - count // 2)):
                before, began = await used_memory(client), time.perf_counter()
                tokens = await fill(client, first, some, cookies=cookies)
                took, grown = time.perf_counter() - began, await used_memory(client) - before
                what = "one cookie" if cookies else "no cookies"
                say(f"{some:>9,} sessions {grown / some:7.0f} bytes each, {what}, loaded in {took:.0f} s")
            whole = await used_memory(client) - empty
            sizes = [await client.memory_usage(key) or 0 for key in await named(client, 200)]
            say(f"{count:>9,} in all   {whole / 2**20:7.0f} MiB, {whole / count:.0f} bytes each")
            say(f"          row {max(sizes[0::2])} bytes, list of its owner's keys {max(sizes[1::2])} bytes")
            assert await client.dbsize() == 2 * count
        await cached(url, tokens[:cached_sessions])


async def named(client: Redis, count: int) -> list[bytes]:
    """Rows and lists, by turns."""
    rows = [key async for key in client.scan_iter(b"sekisho:s:*", count=1000, _type="string")][:count]
    lists = [key async for key in client.scan_iter(b"sekisho:o:*", count=1000, _type="zset")][:count]
    return [key for pair in zip(rows, lists, strict=True) for key in pair]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--cached", type=int, default=50_000)
    said = parser.parse_args()
    asyncio.run(measure(said.count, said.cached))
