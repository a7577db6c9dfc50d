"""What offices and establishments have set."""

from __future__ import annotations

import sqlalchemy as sa

from gateway.core.policy import TenantSettings
from gateway.core.subject import Feature
from gateway.stores.database import Database
from gateway.stores.tables import establishment_settings, office_settings


class SettingRecords:
    """The part of a Registry that speaks of tenants' settings."""

    _database: Database

    async def office_settings(self, office: str) -> TenantSettings | None:
        """See Registry.office_settings."""
        return await self._settings(office_settings, {"office": office})

    async def establishment_settings(self, office: str, establishment: str) -> TenantSettings | None:
        """See Registry.establishment_settings."""
        return await self._settings(establishment_settings, {"office": office, "establishment": establishment})

    async def set_office(self, office: str, settings: TenantSettings) -> None:
        """See Registry.set_office."""
        await self._set(office_settings, {"office": office}, settings)

    async def set_establishment(self, office: str, establishment: str, settings: TenantSettings) -> None:
        """See Registry.set_establishment."""
        await self._set(establishment_settings, {"office": office, "establishment": establishment}, settings)

    async def _settings(self, table: sa.Table, key: dict[str, str]) -> TenantSettings | None:
        query = sa.select(table.c.uses_second_factor, table.c.exempt).filter_by(**key)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else TenantSettings(row.uses_second_factor, _features(row.exempt))

    async def _set(self, table: sa.Table, key: dict[str, str], settings: TenantSettings) -> None:
        values = {
            "uses_second_factor": settings.uses_second_factor,
            "exempt": " ".join(sorted(settings.exempt)),
        }
        insert = self._database.insert(table).values(**key, **values)
        async with self._database.writing() as connection:
            await connection.execute(insert.on_conflict_do_update(index_elements=list(key), set_=values))


def _features(text: str) -> frozenset[Feature]:
    """Features by name. One that this program does not know exempts nothing."""
    known = {str(feature): feature for feature in Feature}
    return frozenset(known[name] for name in text.split() if name in known)
