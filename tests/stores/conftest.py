"""Every implementation of each store, on real servers, with a clock that tests move."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
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
END_OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""
SCHEMA = """SELECT
    string_agg(concat_ws(' ', c.relname, c.relkind, a.attname, a.atttypid), ',' ORDER BY c.relname, a.attnum)
    || (SELECT string_agg(version_num, ',') FROM alembic_version)
    FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace"""
EMPTY = """DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;  -- no order among tables that refer to each other
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
        PERFORM setval(name::regclass, 1, false);
    END LOOP;
END $$"""


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


@dataclass(frozen=True, slots=True)
class Template:
    """A database with the schema and no rows. `spare`: copies of it that tests have left, emptied."""

    name: str
    schema: str
    spare: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def migrated_template(postgresql_url: str) -> Template:
    """The same on the PostgreSQL server."""
    name = "migrated"
    url = postgresql_url.rpartition("/")[0] + f"/{name}"

    async def make() -> str:
        connection = await asyncpg.connect(postgresql_url)
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        await migrate(url)
        connection = await asyncpg.connect(url)
        schema: str = await connection.fetchval(SCHEMA)
        await connection.close()
        return schema

    return Template(name, asyncio.run(make()))


@pytest.fixture
async def migrated_postgresql_url(postgresql_url: str, migrated_template: Template) -> AsyncIterator[str]:
    """A database with the schema and no rows, for this test alone: emptied after the last one, or a new copy."""
    if migrated_template.spare:
        name = migrated_template.spare.pop()
    else:
        name = f"copy_{next(_numbers)}"
        connection = await asyncpg.connect(postgresql_url)
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template.name}")
        await connection.close()
    url = postgresql_url.rpartition("/")[0] + f"/{name}"
    yield url
    if await emptied(url, migrated_template.schema):
        migrated_template.spare.append(name)


async def emptied(url: str, schema: str) -> bool:
    """Take all rows out and begin to count anew, in a twentieth of what a copy costs. Not of another schema."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(END_OTHERS)
        same: bool = await connection.fetchval(SCHEMA) == schema
        if same:
            await connection.execute(EMPTY)
    except asyncpg.UndefinedTableError:
        same = False  # the schema's version is gone
    finally:
        await connection.close()
    return same


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
