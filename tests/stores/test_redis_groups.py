"""Redis servers that fail over: sessions go on, and until then the answer is that the store is away."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from gateway.core.errors import StoreUnavailable
from gateway.stores.base import Stored
from gateway.stores.redis import RedisSessions
from gateway.stores.redis_cluster import Cluster
from gateway.stores.redis_scripts import row_name
from tests.proxy.certificate_kit import pair
from tests.redis_groups import Cluster as Group
from tests.redis_groups import ask, redis_cluster, redis_with_tls, wait_until, watched_redis
from tests.stores.clock import Clock

KEYS = [b"%02d" % number for number in range(60)]


async def away_then_back(ask_for: Callable[[], Awaitable[Stored | None]], seconds: float = 30.0) -> int:
    """Ask until it answers what was stored; how often the store was away. Nothing else is ever answered."""
    away = 0
    until = time.monotonic() + seconds
    while True:
        try:
            stored = await ask_for()
        except StoreUnavailable:
            away += 1
            assert time.monotonic() < until, "it never came back"
            await asyncio.sleep(0.05)
        else:
            assert stored is not None, "away is not gone"
            return away


async def known(store: RedisSessions, key: bytes) -> None:
    """Read until it may be peeked: the channel is there."""
    async with asyncio.timeout(20):
        while store.peek(key) is None:
            await store.get(key)
            await asyncio.sleep(0.05)


@pytest.mark.alone
async def test_sessions_go_on_when_a_sentinel_has_promoted_the_replica(clock: Clock) -> None:
    with watched_redis() as group:
        here, there = RedisSessions(group.url, clock), RedisSessions(group.url, clock)
        await here.create(b"key", b"data", "B", clock() + 6000)
        await known(there, b"key")
        wait_until(lambda: ask(group.replica, "DBSIZE").strip() == "2")
        group.primary.stop(signal.SIGKILL)
        with pytest.raises(StoreUnavailable):
            await here.get(b"key")
        assert await away_then_back(lambda: here.get(b"key")) > 0
        assert "role:master" in ask(group.replica, "INFO", "replication")
        assert await here.replace(b"key", 1, b"more", clock() + 6000)
        assert await there.get(b"key") == Stored(2, b"more")
        await known(there, b"key")
        assert await here.remove(b"key")
        async with asyncio.timeout(5):
            while there.peek(b"key") is not None:  # noqa: ASYNC110 - told on the new server's channel
                await asyncio.sleep(0.01)
        await here.close()
        await there.close()


async def test_a_silent_sentinel_beside_others_does_not_matter(clock: Clock) -> None:
    with watched_redis() as group, watched_redis() as other:
        url = group.url.replace("127.0.0.1", f"127.0.0.1:{other.sentinel.port},127.0.0.1")
        with other.sentinel.frozen():
            store = RedisSessions(url, clock)
            await store.create(b"key", b"data", "B", clock() + 60)
            assert await store.get(b"key") == Stored(1, b"data")
            await store.close()


async def test_a_primary_that_was_replaced_and_still_answers_is_left(clock: Clock) -> None:
    """Cut off from Sentinels and replicas, it knows nothing of what the others do."""
    with watched_redis() as group:
        here = RedisSessions(group.url, clock)
        await here.create(b"key", b"data", "B", clock() + 6000)
        await known(here, b"key")
        wait_until(lambda: ask(group.replica, "DBSIZE").strip() == "2")
        ask(group.sentinel, "SENTINEL", "REMOVE", "main")
        ask(group.replica, "REPLICAOF", "NO", "ONE")
        ask(group.sentinel, "SENTINEL", "MONITOR", "main", "127.0.0.1", group.replica.port, 1)
        there = RedisSessions(group.url, clock)
        assert await there.remove(b"key")
        async with asyncio.timeout(20):
            while here.peek(b"key") is not None:  # noqa: ASYNC110 - it is not told
                await asyncio.sleep(0.05)
        assert await here.get(b"key") is None
        assert "role:master" in ask(group.primary, "INFO", "replication"), "it has heard of nothing"
        await here.close()
        await there.close()


async def test_a_group_that_no_sentinel_knows_is_unavailable(clock: Clock) -> None:
    with watched_redis() as group:
        store = RedisSessions(group.url.replace("/main/", "/other/"), clock)
        with pytest.raises(StoreUnavailable, match="'other'"):
            await store.ping()
        await store.close()


@pytest.mark.alone
async def test_one_shard_of_a_cluster_fails_over_and_the_others_never_notice(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with redis_cluster(replicas=1) as cluster:
        store = RedisSessions(cluster.url, clock)
        await asyncio.gather(*(store.create(key, b"data", key.decode(), clock() + 6000) for key in KEYS))
        assert all(ask(server, "DBSIZE") != "0\n" for server in cluster.primaries), "sessions are on every shard"
        of_first = [key for key in KEYS if await _is_at(cluster.primaries[0].port, store, key)]
        others = [key for key in KEYS if key not in of_first]
        wait_until(lambda: ask(cluster.replicas[0], "DBSIZE") == ask(cluster.primaries[0], "DBSIZE"))
        cluster.primaries[0].stop(signal.SIGKILL)
        with pytest.raises(StoreUnavailable):
            await store.get(of_first[0])
        for key in others:
            assert await store.get(key) == Stored(1, b"data")
        assert await away_then_back(lambda: store.get(of_first[0])) > 0
        assert all(await asyncio.gather(*(store.get(key) for key in KEYS)))
        assert await store.replace(of_first[0], 1, b"more", clock() + 6000)
        await known(store, of_first[0])
        await store.close()
        named = f"store sessions at 127.0.0.1:{cluster.primaries[0].port} "
        told = [record.getMessage() for record in caplog.records if record.getMessage().startswith(named)]
        assert [one.removeprefix(named).split(" ")[0] for one in told] == ["does", "has"], "away, and replaced"


async def test_a_slot_that_moves_to_another_server_is_followed(
    cluster: Group, empty_cluster_url: str, clock: Clock
) -> None:
    here, there = RedisSessions(empty_cluster_url, clock), RedisSessions(empty_cluster_url, clock)
    await here.create(b"key", b"data", "B", clock() + 60)
    await there.get(b"key")
    slot = ask(cluster.primaries[0], "CLUSTER", "KEYSLOT", "{ke}").strip()
    source = next(server for server in cluster.primaries if ask(server, "CLUSTER", "COUNTKEYSINSLOT", slot) != "0\n")
    target = next(server for server in cluster.primaries if server is not source)
    names = {server: ask(server, "CLUSTER", "MYID").strip() for server in (source, target)}
    ask(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", names[source])
    ask(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", names[target])
    assert await here.get(b"key") == Stored(1, b"data"), "not moved yet"
    ask(source, "MIGRATE", "127.0.0.1", target.port, "sekisho:s:{ke}y", 0, 5000)
    assert await here.replace(b"key", 1, b"more", clock() + 60), "on its way"
    for server in (target, source):
        ask(server, "CLUSTER", "SETSLOT", slot, "NODE", names[target])
    assert await here.get(b"key") == Stored(2, b"more"), "moved"
    assert await there.replace(b"key", 2, b"most", clock() + 60), "by another process"
    assert await here.get(b"key") == Stored(3, b"most")
    await here.close()
    await there.close()


async def test_every_form_goes_through_tls_and_asks_whom_it_speaks_to(clock: Clock, tmp_path: Path) -> None:
    files = pair(tmp_path, "127.0.0.1")
    with redis_with_tls(files.certificate, files.key) as urls:
        for url in urls.values():
            store = RedisSessions(f"{url}?ssl_ca_certs={files.certificate}", clock)
            await away_then_back(partial(_created, store, clock))
            await known(store, b"key")
            await store.close()
            stranger = RedisSessions(url, clock)
            with pytest.raises(StoreUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
                await stranger.get(b"key")
            await stranger.close()


async def _created(store: RedisSessions, clock: Clock) -> Stored | None:
    await store.create(b"key", b"data", "B", clock() + 60)
    return await store.get(b"key")


@pytest.mark.alone
async def test_a_cluster_that_was_never_there_fails_at_once(clock: Clock) -> None:
    store = RedisSessions("redis+cluster://127.0.0.1:1,127.0.0.1:2", clock)
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await store.ping()
    assert time.monotonic() - began < 1.0
    await store.close()


async def _is_at(port: int, store: RedisSessions, key: bytes) -> bool:
    """Whether this session is kept by the server at a port."""
    assert isinstance(store._servers, Cluster)
    node = await store._servers._node_of(row_name(key))
    return bool(node._client.connection_pool.connection_kwargs["port"] == port)
