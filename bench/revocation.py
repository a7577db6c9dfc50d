"""How soon a session that was ended, or moved to a new token, counts nowhere any more: python -m bench.revocation

    this process: ends sessions ──► Redis ──► two workers that know all of them and look every millisecond

The time runs from the moment at which this process asks Redis until the last of the workers would not use it.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time

from bench import stores
from bench.processes import ROOT, Spoiled, cores, pinned
from gateway.stores.redis import RedisSessions

_SESSIONS = 600
_WORKERS = 2
_LOOK_SECONDS = 0.001
_PAUSE_SECONDS = 0.004
_MOST_SECONDS = 30.0


def measure() -> dict[str, float]:
    """Milliseconds over some hundreds of revocations: `p50_ms`, `p99_ms`, `most_ms`; and how many there were."""
    ours, others = cores()
    with stores.redis(others) as store:
        command = pinned([sys.executable, "-m", "bench.revocation", store.url], ours)
        asyncio.run(_create(store.url))
        workers = [_Worker(command) for _ in range(_WORKERS)]
        try:
            for worker in workers:
                worker.wait_until_ready()
            asked_at = asyncio.run(_revoked(store.url))
            gone_at = [worker.gone_at() for worker in workers]
        finally:
            for worker in workers:
                worker.end()
    took = sorted((max(times) - asked) * 1000 for asked, *times in zip(asked_at, *gone_at, strict=True))
    cuts = statistics.quantiles(took, n=100)
    return {
        "p50_ms": round(cuts[49], 1),
        "p99_ms": round(cuts[98], 1),
        "most_ms": round(took[-1], 1),
        "count": len(took),
    }


class _Worker:
    """Another process that knows the sessions."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def wait_until_ready(self) -> None:
        """It knows all of them."""
        if self._line() != "ready\n":
            raise Spoiled("a worker did not learn the sessions")

    def gone_at(self) -> list[float]:
        """When it saw each of them go (CLOCK_MONOTONIC, the same for every process)."""
        found: list[float] = json.loads(self._line() or "[]")
        return found

    def end(self) -> None:
        """Whatever it does."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def _key(number: int) -> bytes:
    return b"%032d" % number


def _owner(number: int) -> str:
    return f"B{number:08d}"


async def _create(url: str) -> None:
    store = RedisSessions(url, time.monotonic)
    ends = time.monotonic() + 3600
    for number in range(_SESSIONS):
        await store.create(_key(number), bytes(400), _owner(number), ends)
    await store.close()


async def _revoked(url: str) -> list[float]:
    """End each in one of three ways: by its key, by its owner, by a move to a new key."""
    store = RedisSessions(url, time.monotonic)
    await store.ping()
    asked_at = []
    for number in range(_SESSIONS):
        key, owner = _key(number), _owner(number)
        asked_at.append(time.monotonic())
        if number % 3 == 0:
            await store.remove(key)
        elif number % 3 == 1:
            await store.remove_owner(owner)
        else:
            await store.rotate(key, key[:2] + b"new" + key[5:], 1, bytes(400), owner, time.monotonic() + 3600)
        await asyncio.sleep(_PAUSE_SECONDS)
    await store.close()
    return asked_at


async def _watch(url: str) -> None:
    """Know every session, then note when each of them is not used any more."""
    store = RedisSessions(url, time.monotonic)
    waiting = set(range(_SESSIONS))
    until = time.monotonic() + _MOST_SECONDS
    while any(store.peek(_key(number)) is None for number in waiting) and time.monotonic() < until:
        await asyncio.gather(*(store.get(_key(number)) for number in waiting))
        await asyncio.sleep(0.2)
    print("ready", flush=True)
    gone_at = [0.0] * _SESSIONS
    while waiting and time.monotonic() < until + _MOST_SECONDS:
        for number in [number for number in waiting if store.peek(_key(number)) is None]:
            gone_at[number] = time.monotonic()
            waiting.discard(number)
        await asyncio.sleep(_LOOK_SECONDS)
    print(json.dumps(gone_at), flush=True)
    await store.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(_watch(sys.argv[1]))
    else:
        print(measure())
