"""Fixtures for every suite: real servers, started once when first asked for."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from redis.asyncio import Redis

from tests.servers import postgresql_server, redis_server

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis server shared by the run."""
    with redis_server() as server:
        yield f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture
async def empty_redis_url(redis_url: str) -> str:
    """The shared Redis server, emptied for this test."""
    async with Redis.from_url(redis_url) as client:
        await client.flushall()
    return redis_url


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL server shared by the run; the URL names its maintenance database."""
    with postgresql_server() as server:
        yield f"postgresql://postgres@127.0.0.1:{server.port}/postgres"


@pytest.fixture
async def empty_postgresql_url(postgresql_url: str) -> AsyncIterator[str]:
    """A database of this test's own, without tables, on the shared server."""
    name = f"test_{next(_numbers)}"
    connection = await asyncpg.connect(postgresql_url)
    await connection.execute(f"CREATE DATABASE {name}")
    yield postgresql_url.rpartition("/")[0] + f"/{name}"
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()
