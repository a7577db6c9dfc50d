"""Every implementation of each store, on real servers, with a clock that tests move."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from gateway.stores import database, redis, redis_uses
from gateway.stores.base import SessionStore
from gateway.stores.memory import MemorySessions
from gateway.stores.redis import RedisSessions
from gateway.stores.registry import SqlRegistry, migrate
from gateway.stores.sealing import KeyRing
from tests.redis_groups import Cluster, redis_cluster
from tests.servers import Server, postgresql_server, redis_server
from tests.stores.clock import Clock

_numbers = itertools.count(1)
RING = KeyRing([b"k" * 32])


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contracts say what is answered, not how soon: a busy machine is no broken store. Tests of time run alone."""
    if request.node.get_closest_marker("alone") is None:
        monkeypatch.setattr(redis, "_ANSWER_SECONDS", 10.0)
        monkeypatch.setattr(database, "_CONNECT_SECONDS", 30.0)
        monkeypatch.setattr(database, "_STATEMENT_SECONDS", 30.0)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uses of sessions are written sooner than in earnest."""
    monkeypatch.setattr(redis_uses, "_FLUSH_SECONDS", 0.02)


@pytest.fixture
def clock() -> Clock:
    """A clock at noon of some day."""
    return Clock(1_800_000_000.0)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A Redis cluster shared by the run."""
    with redis_cluster() as servers:
        yield servers


@pytest.fixture
async def empty_cluster_url(cluster: Cluster) -> str:
    """The shared cluster, emptied for this test."""
    for server in cluster.primaries:
        async with Redis(port=server.port) as client:
            await client.flushall()
    return cluster.url


@pytest.fixture(params=["memory", "redis", "cluster"])
def sessions_url(request: pytest.FixtureRequest) -> str:
    """Where sessions are kept, for each kind; nothing is kept there yet."""
    if request.param == "memory":
        return "memory"
    url: str = request.getfixturevalue(f"empty_{request.param}_url")
    return url


@pytest.fixture(params=["redis", "cluster"])
def shared_url(request: pytest.FixtureRequest) -> str:
    """Where several processes keep sessions, for each kind; nothing is kept there yet."""
    url: str = request.getfixturevalue(f"empty_{request.param}_url")
    return url


@pytest.fixture
async def session_store(sessions_url: str, clock: Clock) -> AsyncIterator[SessionStore]:
    """An empty session store of each kind."""
    store: SessionStore = MemorySessions(clock) if sessions_url == "memory" else RedisSessions(sessions_url, clock)
    yield store
    await store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/registry.db"
    url: str = request.getfixturevalue("empty_postgresql_url")
    return url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the schema and no rows, made once: tests copy it."""
    path = tmp_path_factory.mktemp("migrated") / "registry.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_template(postgresql_url: str) -> str:
    """The same on the PostgreSQL server; the name of the database."""
    name = "migrated"

    async def make() -> None:
        connection = await asyncpg.connect(postgresql_url)
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        await migrate(postgresql_url.rpartition("/")[0] + f"/{name}")

    asyncio.run(make())
    return name


@pytest.fixture
async def migrated_postgresql_url(postgresql_url: str, migrated_template: str) -> AsyncIterator[str]:
    """A database of this test's own with the schema and no rows."""
    name = f"copy_{next(_numbers)}"
    connection = await asyncpg.connect(postgresql_url)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
    yield postgresql_url.rpartition("/")[0] + f"/{name}"
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def registry_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the schema and no rows, of each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "registry.db")
        return f"sqlite:///{tmp_path}/registry.db"
    url: str = request.getfixturevalue("migrated_postgresql_url")
    return url


@pytest.fixture
async def registry(registry_url: str) -> AsyncIterator[SqlRegistry]:
    """An empty registry of each kind."""
    opened = SqlRegistry(registry_url, RING)
    await opened.start()
    yield opened
    await opened.close()


@pytest.fixture
def own_redis() -> Iterator[Server]:
    """A Redis server that the test may freeze and stop."""
    with redis_server() as server:
        yield server


@pytest.fixture
def own_postgresql() -> Iterator[Server]:
    """A PostgreSQL server that the test may freeze and stop."""
    with postgresql_server() as server:
        yield server
