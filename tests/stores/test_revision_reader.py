"""The reader of revisions on databases of both kinds: what breaks is said, forgotten and tried again."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from bench.processes import free_port
from gateway.core.errors import StoreUnavailable
from gateway.stores.registry import SqlRegistry
from gateway.stores.revision_reader import RevisionReader


async def test_an_empty_registry_has_a_stamp_and_no_revision(registry: SqlRegistry, registry_url: str) -> None:
    reader = RevisionReader(registry_url)
    assert await reader.settings_stamp() == (0, 0)
    assert await reader.settings_revisions() == {}
    await reader.close()
    assert await reader.settings_stamp() == (0, 0), "closed, it opens again when it is asked"
    await reader.close()


async def test_a_connection_that_the_server_ends_is_replaced(migrated_postgresql_url: str) -> None:
    reader = RevisionReader(migrated_postgresql_url)
    reader._circuit._pause = 0.0
    await reader.settings_stamp()
    other = await asyncpg.connect(migrated_postgresql_url)
    await other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await other.close()
    with pytest.raises(StoreUnavailable):
        await reader.settings_stamp()
    assert await reader.settings_stamp() == (0, 0)
    await reader.close()


async def test_without_a_server_it_says_so_and_does_not_try_at_every_request() -> None:
    reader = RevisionReader(f"postgresql://postgres:hunter2@127.0.0.1:{free_port()}/postgres")
    with pytest.raises(StoreUnavailable) as refused:
        await reader.settings_stamp()
    assert "hunter2" not in str(refused.value)
    with pytest.raises(StoreUnavailable, match="asked less than"):
        await reader.settings_stamp()


async def test_a_file_of_something_else_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_bytes(b"not a database " * 1000)
    reader = RevisionReader(f"sqlite:///{tmp_path}/registry.db")
    with pytest.raises(StoreUnavailable, match="DatabaseError"):
        await reader.settings_stamp()


async def test_a_fault_of_the_program_is_not_taken_for_a_silent_store(registry_url: str) -> None:
    reader = RevisionReader(registry_url)
    with pytest.raises(TypeError):
        await reader._ask(None)  # type: ignore[arg-type]
    await reader.close()
