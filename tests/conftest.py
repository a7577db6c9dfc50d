"""Fixtures for every suite: real servers, started once when first asked for; where files are kept, what comes first."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from tests.servers import postgresql_server, redis_server

_numbers = itertools.count(1)
_MEMORY, _ENOUGH_BYTES = Path("/dev/shm"), 2 << 30
# The suites with the longest files first: of several processes none is left alone with one of these at the end.
_LONGEST_FIRST = ("workers", "journeys", "accessibility", "apps", "bench", "stores", "gate", "portal", "attacks")


def pytest_configure() -> None:
    """Temporary files are kept in memory where it has room: SQLite waits for the disk after every commit."""
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files stay whole and in order within their suite."""
    places = {name: place for place, name in enumerate(_LONGEST_FIRST)}
    here = Path(__file__).parent
    items.sort(key=lambda item: places.get(item.path.relative_to(here).parts[0], len(places)))


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
