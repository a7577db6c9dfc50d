"""What tests find in a registry to begin with, written there directly."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from gateway.core.policy import TenantSettings
from gateway.stores.registry import SqlRegistry
from gateway.stores.tables import establishment_settings, office_settings
from gateway.stores.tenant_rows import exempt_text
from gateway.stores.tenant_settings import locked_revision, note_revision


async def given_office(registry: SqlRegistry, office: str, settings: TenantSettings) -> None:
    """These settings are stored for an office."""
    await _given(registry, office_settings, {"office": office}, settings)


async def given_establishment(registry: SqlRegistry, office: str, establishment: str, settings: TenantSettings) -> None:
    """These settings are stored for an establishment, whether or not a roster has it."""
    await _given(registry, establishment_settings, {"office": office, "establishment": establishment}, settings)


async def _given(registry: SqlRegistry, table: sa.Table, key: dict[str, str], settings: TenantSettings) -> None:
    values: dict[str, Any] = {
        "uses_second_factor": settings.uses_second_factor,
        "exempt": exempt_text(settings),
    }
    insert = registry._database.insert(table).values(**key, **values)
    async with registry._database.writing() as connection:
        await connection.execute(insert.on_conflict_do_update(index_elements=list(key), set_=values))
        revision = await locked_revision(registry._database, connection, key["office"])
        await note_revision(connection, key["office"], revision + 1)
