"""A store that does not answer says so, fast, and is used again when it does."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.processes import free_port
from gateway.core.errors import StoreUnavailable
from gateway.core.lockout import LockoutLimits, Reserved
from gateway.stores.base import Stored
from gateway.stores.redis import RedisSessions
from gateway.stores.registry import SqlRegistry, migrate
from tests.servers import Server
from tests.stores.clock import Clock
from tests.stores.conftest import RING
from tests.stores.redis_kit import KEY, eventually, redis_at

pytestmark = pytest.mark.alone


async def test_a_frozen_redis_fails_fast_for_everybody_and_recovers(own_redis: Server, clock: Clock) -> None:
    store = redis_at(own_redis, clock)
    await store.create(KEY, b"data", "B", clock() + 60)
    with own_redis.frozen():
        assert min([await seconds_until_refused(store) for _ in range(3)]) < 0.6
        with pytest.raises(StoreUnavailable):
            await store.get(KEY)
        began = time.monotonic()
        refused = await asyncio.gather(*(store.get(KEY) for _ in range(1000)), return_exceptions=True)
        assert {type(outcome) for outcome in refused} == {StoreUnavailable}
        # One time limit for all, where a hundred rounds of eight would take the better part of a minute.
        assert time.monotonic() - began < 2.0
        await asyncio.sleep(1.1)
        assert store.peek(KEY) is None, "while the channel is silent nothing older than a second is used"
    await eventually(store.ping)
    assert await store.get(KEY) == Stored(1, b"data"), "nobody is signed out"
    await store.close()


async def seconds_until_refused(store: RedisSessions) -> float:
    """How long one caller waits when the circuit lets it try."""
    await asyncio.sleep(1.1)
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await store.get(KEY)
    return time.monotonic() - began


async def test_closing_does_not_wait_for_a_frozen_redis(own_redis: Server, clock: Clock) -> None:
    store = redis_at(own_redis, clock)
    await store.ping()
    await asyncio.sleep(0.3)
    with own_redis.frozen():
        await asyncio.wait_for(store.close(), 3.0)


def test_a_process_that_forgets_to_close_its_sessions_still_ends(own_redis: Server) -> None:
    program = (
        "import asyncio, sys, time\n"
        "from gateway.stores.redis import RedisSessions\n"
        "async def forget():\n"
        "    store = RedisSessions(sys.argv[1], time.monotonic)\n"
        "    await store.ping()\n"
        "    await asyncio.sleep(0.3)\n"
        "    print('ready', flush=True)\n"
        "    await asyncio.sleep(1)\n"
        "asyncio.run(forget())\n"
    )
    url = f"redis://127.0.0.1:{own_redis.port}/0"
    with subprocess.Popen([sys.executable, "-c", program, url], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        with own_redis.frozen():
            try:
                assert process.wait(20) == 0
            finally:
                process.kill()


async def test_an_answer_that_came_too_late_is_nobody_elses(own_redis: Server, clock: Clock) -> None:
    store = redis_at(own_redis, clock)
    for number in range(20):
        await store.create(b"%d" % number, b"data %d" % number, "B", clock() + 60)
    with own_redis.frozen():
        await asyncio.gather(*(store.get(b"%d" % number) for number in range(20)), return_exceptions=True)
    await eventually(store.ping)
    for number in range(20):
        assert await store.get(b"%d" % number) == Stored(1, b"data %d" % number)
    await store.close()


async def test_a_stopped_redis_fails_at_once_and_is_found_again(own_redis: Server, clock: Clock) -> None:
    store = redis_at(own_redis, clock)
    await store.ping()
    own_redis.stop()
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await store.get(KEY)
    assert time.monotonic() - began < 0.3
    own_redis.start()
    await eventually(store.ping)
    assert await store.get(KEY) is None
    await store.close()


async def test_a_redis_that_was_never_there_fails_at_once(clock: Clock) -> None:
    store = RedisSessions(f"redis://127.0.0.1:{free_port()}/0", clock)
    with pytest.raises(StoreUnavailable):
        await store.ping()
    await store.close()


async def test_sessions_survive_a_restart_of_the_gateway(empty_redis_url: str, clock: Clock) -> None:
    before = RedisSessions(empty_redis_url, clock)
    await before.create(KEY, b"data", "B", clock() + 60)
    await before.hold(KEY, b"held", clock() + 60)
    await before.mark(b"jar", clock() + 60)
    await before.close()
    after = RedisSessions(empty_redis_url, clock)
    assert await after.get(KEY) == Stored(1, b"data")
    assert await after.take_held(KEY) == b"held"
    assert await after.marked(b"jar")
    await after.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "127.0.0.1:6379", ""])
def test_another_sessions_address_is_refused(url: str, clock: Clock) -> None:
    with pytest.raises(ValueError):
        RedisSessions(url, clock)


async def test_a_stopped_postgresql_is_unavailable_and_is_found_again(own_postgresql: Server) -> None:
    url = f"postgresql://postgres@127.0.0.1:{own_postgresql.port}/postgres"
    await migrate(url)
    registry = SqlRegistry(url, RING)
    await registry.start()
    own_postgresql.stop(signal.SIGQUIT)  # TERM would wait for the registry to hang up
    for ask in (registry.ping, lambda: registry.second_factor("B"), lambda: registry.reset("B")):
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await ask()
        assert time.monotonic() - began < 1.0
    own_postgresql.start()
    await eventually(registry.ping)
    assert isinstance(await registry.reserve_attempt("B", 1.0, LockoutLimits()), Reserved)
    await registry.close()


async def test_a_statement_that_waits_for_ever_is_given_up_within_seconds(own_postgresql: Server) -> None:
    url = f"postgresql://postgres@127.0.0.1:{own_postgresql.port}/postgres"
    await migrate(url)
    registry = SqlRegistry(url, RING)
    await registry.start()
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await ask_for_a_locked_row(own_postgresql, registry)
    assert time.monotonic() - began < 6.0
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await registry.ping()
    assert time.monotonic() - began < 0.1, "the circuit spares the others"
    await registry.close()


async def ask_for_a_locked_row(server: Server, registry: SqlRegistry) -> None:
    """Ask for a row that another transaction holds for longer than a statement may take."""
    holder = SqlRegistry(f"postgresql://postgres@127.0.0.1:{server.port}/postgres", RING)
    try:
        async with holder._database.writing() as connection:
            await connection.exec_driver_sql("LOCK TABLE office_settings IN ACCESS EXCLUSIVE MODE")
            await registry.office_settings("0001")
    finally:
        await holder.close()


async def test_a_postgresql_that_was_never_there_is_unavailable() -> None:
    registry = SqlRegistry(f"postgresql://postgres@127.0.0.1:{free_port()}/postgres", RING)
    with pytest.raises(StoreUnavailable):
        await registry.start()
    await registry.close()


async def test_an_sqlite_file_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    registry = SqlRegistry(f"sqlite:///{tmp_path}/missing/registry.db", RING)
    with pytest.raises(StoreUnavailable):
        await registry.start()
    await registry.close()


async def test_an_sqlite_file_of_something_else_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    path.write_bytes(b"not a database " * 1000)
    registry = SqlRegistry(f"sqlite:///{path}", RING)
    with pytest.raises(StoreUnavailable):
        await registry.start()
    await registry.close()


async def test_a_fault_shows_neither_statement_nor_password() -> None:
    registry = SqlRegistry(f"postgresql://postgres:hunter2@127.0.0.1:{free_port()}/postgres", RING)
    with pytest.raises(StoreUnavailable) as refused:
        await registry.second_factor("B00000101")
    assert "hunter2" not in str(refused.value)
    assert "SELECT" not in str(refused.value)
    await registry.close()


def test_a_process_that_forgets_to_close_its_registry_still_ends(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from gateway.stores.registry import SqlRegistry\n"
        "from gateway.stores.sealing import KeyRing\n"
        "registry = SqlRegistry(sys.argv[1], KeyRing([b'k' * 32]))\n"
        "asyncio.run(registry.start())\n"
    )
    url = f"sqlite:///{tmp_path}/registry.db"
    done = subprocess.run([sys.executable, "-c", program, url], timeout=30, capture_output=True, check=False)
    assert done.returncode == 0


async def test_a_loop_that_stood_still_looks_for_the_answer_before_it_gives_up(own_redis: Server, clock: Clock) -> None:
    """A pause of the machine, or a processor that others use: the answer has been there for long."""
    store = redis_at(own_redis, clock)
    await store.create(KEY, b"data", "B", clock() + 60)
    asked = [asyncio.create_task(store.get(KEY)) for _ in range(4)]
    for _ in range(3):
        await asyncio.sleep(0)
    time.sleep(0.6)  # noqa: ASYNC251 (longer than an answer may take)
    assert [row and row.data for row in await asyncio.gather(*asked)] == [b"data"] * 4
    await store.close()
