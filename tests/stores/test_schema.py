"""Migrations make the schema that the program works with, on both databases, whoever starts when."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from gateway.stores import schema
from gateway.stores.registry import SchemaMismatch, SqlRegistry, migrate
from gateway.stores.tables import metadata
from tests.stores.conftest import RING


def differences(connection: sa.Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


def unnamed(connection: sa.Connection) -> list[str]:
    inspector = sa.inspect(connection)
    return [name for name in metadata.tables if not inspector.get_pk_constraint(name)["name"]]


async def test_migrated_tables_are_those_the_program_uses(registry: SqlRegistry) -> None:
    async with registry._database.reading() as connection:
        assert await connection.run_sync(differences) == []


async def test_every_constraint_has_a_name(registry: SqlRegistry) -> None:
    async with registry._database.reading() as connection:
        assert await connection.run_sync(unnamed) == []


def test_the_schemas_that_the_program_knows_are_the_steps_in_their_order() -> None:
    steps = ScriptDirectory(str(Path(schema.__file__).parent / "migrations")).walk_revisions()
    assert schema.revisions() == [step.revision for step in steps][::-1]


async def test_migrating_again_changes_nothing(empty_database_url: str) -> None:
    assert await migrate(empty_database_url) == await migrate(empty_database_url)


async def test_several_that_migrate_at_once_all_succeed(empty_database_url: str) -> None:
    assert len(set(await asyncio.gather(*(migrate(empty_database_url) for _ in range(4))))) == 1


def test_several_processes_that_start_at_once_all_succeed(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\nfrom gateway.stores.registry import migrate\nprint(asyncio.run(migrate(sys.argv[1])))"
    )
    command = [sys.executable, "-c", program, f"sqlite:///{tmp_path}/registry.db"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate(timeout=60)[0] for process in processes] == [b"0002\n"] * 3


async def test_a_newer_schema_is_refused_and_left_alone(registry_url: str) -> None:
    registry = SqlRegistry(registry_url, RING)
    async with registry._database.writing() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaMismatch, match="9999"):
        await registry.start()
    with pytest.raises(SchemaMismatch, match="9999"):
        await migrate(registry_url)
    await registry.close()


async def test_an_embedded_database_is_migrated_at_start(tmp_path: Path) -> None:
    registry = SqlRegistry(f"sqlite:///{tmp_path}/registry.db", RING)
    await registry.start()
    assert await registry.second_factor("B00000101") is None
    async with registry._database.reading() as connection:
        pragmas = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "busy_timeout", "foreign_keys")
        ]
    assert pragmas == ["wal", 2000, 1]
    await registry.close()


async def test_a_servers_database_is_not_migrated_unasked(empty_postgresql_url: str) -> None:
    registry = SqlRegistry(empty_postgresql_url, RING)
    with pytest.raises(SchemaMismatch, match="no tables yet"):
        await registry.start()
    await migrate(empty_postgresql_url)
    await registry.start()
    await registry.close()


@pytest.mark.parametrize("url", ["", "registry.db", "sqlite://", "sqlite:///:memory:", "mysql://x:hunter2@h/d", "::"])
def test_another_address_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError) as refused:
        SqlRegistry(url, RING)
    assert "hunter2" not in str(refused.value)
