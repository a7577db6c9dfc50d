"""The channel on which workers hear of changes: what they know is never older than a second."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from redis.asyncio import Redis

from gateway.stores.base import Stored
from gateway.stores.redis import RedisSessions
from tests.servers import Server
from tests.stores.clock import Clock
from tests.stores.redis_kit import KEY, eventually, redis_at, until_peeked

pytestmark = pytest.mark.alone


async def test_a_channel_ends_at_whatever_moment_it_is_cancelled(empty_redis_url: str, clock: Clock) -> None:
    """The client's own timeouts swallow a cancellation now and then; the loop must not go on after it."""

    async def cancel_after(seconds: float) -> bool:
        store = RedisSessions(empty_redis_url, clock)
        await store.ping()
        await asyncio.sleep(seconds)
        assert store._channel._task is not None
        store._channel._task.cancel()
        _, going = await asyncio.wait([store._channel._task], timeout=5)
        await store.close()
        return not going

    for first in range(0, 60, 5):  # a few at a time: sixty at once would overrun the store's own time limit
        phases = range(first, first + 5)
        assert all(await asyncio.gather(*(cancel_after(0.25 + 0.002 * phase) for phase in phases)))


async def test_a_revocation_reaches_another_worker_within_100_ms(empty_redis_url: str, clock: Clock) -> None:
    here, there = (RedisSessions(empty_redis_url, clock) for _ in range(2))
    await there.ping()
    await asyncio.sleep(0.3)
    ends: list[Callable[[], Awaitable[object]]] = [
        partial(here.remove, KEY),
        partial(here.remove_owner, "B"),
        partial(here.rotate, KEY, b"new", 1, b"", "B", clock() + 60),
    ]
    took: list[float] = []
    for end in ends * 5:
        await here.create(KEY, b"data", "B", clock() + 60)
        await there.get(KEY)
        await asyncio.sleep(0.05)
        assert there.peek(KEY) == Stored(1, b"data")
        await end()
        began = time.monotonic()
        while there.peek(KEY) is not None:
            assert time.monotonic() - began < 1.0
            await asyncio.sleep(0.001)
        took.append(time.monotonic() - began)
        await here.remove(b"new")
    # One may meet a moment in which the machine did something else.
    assert sorted(took)[-2] < 0.1
    await here.close()
    await there.close()


async def test_a_known_session_stays_known_without_asking_again(empty_redis_url: str, clock: Clock) -> None:
    store = RedisSessions(empty_redis_url, clock)
    await store.ping()
    await asyncio.sleep(0.3)
    await store.create(KEY, b"data", "B", clock() + 60)
    await asyncio.sleep(1.5)
    assert store.peek(KEY) == Stored(1, b"data")
    await store.close()


async def test_a_channel_that_is_cut_hides_no_change_for_longer_than_a_second(own_redis: Server, clock: Clock) -> None:
    here, there = redis_at(own_redis, clock), redis_at(own_redis, clock)
    await here.create(KEY, b"data", "B", clock() + 60)
    await until_peeked(there)
    for round_ in (1, 2):
        async with Redis(port=own_redis.port) as client:
            assert await client.client_kill_filter(_type="pubsub") > 0
        assert await here.replace(KEY, round_, b"data %d" % round_, clock() + 60)
        changed = time.monotonic()
        while time.monotonic() - changed < 1.1:
            await asyncio.sleep(0.01)
            looked, peeked = time.monotonic(), there.peek(KEY)
            if peeked is not None and peeked.version == round_:
                assert looked - changed < 1.0, "older than a second"
        await until_peeked(there)
        assert there.peek(KEY) == Stored(round_ + 1, b"data %d" % round_)
    await here.close()
    await there.close()


async def test_what_others_say_on_the_channel_does_not_end_it(own_redis: Server, clock: Clock) -> None:
    here, there = redis_at(own_redis, clock), redis_at(own_redis, clock)
    await here.create(KEY, b"data", "B", clock() + 60)
    await until_peeked(there)
    async with Redis(port=own_redis.port) as client:
        for said in (b"", b"hello", b"-2:key", b"x:sekisho:s:{ke}y", b":", b"9" * 5000 + b":key"):
            await client.publish("sekisho:changes", said)
    await asyncio.sleep(0.2)
    await until_peeked(there)
    assert await here.remove(KEY)
    async with asyncio.timeout(5):
        while there.peek(KEY) is not None:  # noqa: ASYNC110 - it is told
            await asyncio.sleep(0.01)
    assert not there._channel._lines[there._servers.nodes()[0]].task.done()
    await here.close()
    await there.close()


async def test_uses_that_could_not_be_written_are_kept_for_later(own_redis: Server, clock: Clock) -> None:
    here, there = redis_at(own_redis, clock), redis_at(own_redis, clock)
    await here.create(KEY, b"data", "B", clock() + 60)
    with own_redis.frozen():
        here.touch(KEY, clock() + 5)
        await asyncio.sleep(1.5)
        here.touch(KEY, clock() + 6)
    await eventually(there.ping)
    async with asyncio.timeout(20):
        while await there.get(KEY) != Stored(1, b"data", clock() + 6):  # noqa: ASYNC110 - the store's own
            await asyncio.sleep(0.05)
    await here.close()
    await there.close()


_STOPPED_WORKER = """
import asyncio, sys
from gateway.stores.redis import RedisSessions

async def look():
    store = RedisSessions(sys.argv[1], lambda: 1.0)
    while store.peek(b"key") is None or store._fresh._certain_at < 0:
        await store.get(b"key")
        await asyncio.sleep(0.05)
    print("known", flush=True)
    while store.peek(b"key") is not None:
        await asyncio.sleep(0)
    print("gone", flush=True)
    await store.close()

asyncio.run(look())
"""


async def test_a_worker_that_was_stopped_knows_when_it_goes_on_that_what_it_knew_is_old(own_redis: Server) -> None:
    url = f"redis://127.0.0.1:{own_redis.port}/0"
    store = RedisSessions(url, lambda: 1.0)
    await store.create(KEY, b"data", "B", 60.0)
    program = (sys.executable, "-c", _STOPPED_WORKER, url)
    worker = await asyncio.create_subprocess_exec(*program, stdout=subprocess.PIPE)
    assert worker.stdout is not None
    try:
        async with asyncio.timeout(20):
            assert await worker.stdout.readline() == b"known\n"
            worker.send_signal(signal.SIGSTOP)
            own_redis.send(signal.SIGSTOP)  # nor is anything told when it goes on
            await asyncio.sleep(1.2)
            worker.send_signal(signal.SIGCONT)
            assert await worker.stdout.readline() == b"gone\n"
    finally:
        own_redis.send(signal.SIGCONT)
        worker.kill()
        await worker.wait()
    await store.close()
