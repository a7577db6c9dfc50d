"""What offices and establishments have set, and how it is searched."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.core.events import Event
from gateway.core.policy import TenantSettings
from gateway.core.setting_words import as_words
from gateway.stores.audit import AuditRecords
from gateway.stores.base_audit import AuditEvent
from gateway.stores.base_tenants import (
    EstablishmentPage,
    EstablishmentQuery,
    EstablishmentRow,
    OfficeRow,
    Selection,
    Stamp,
)
from gateway.stores.database import Database
from gateway.stores.selections import Walk
from gateway.stores.tables import configured_tenants, establishment_settings, establishments, office_settings, offices
from gateway.stores.tenant_rows import (
    exempt_text,
    features,
    found_by,
    holding,
    holding_columns,
    row_of,
    searched,
    typed,
)

_office = office_settings.c


class SettingRecords(AuditRecords):
    """The part of a Registry that speaks of tenants' settings. Each change appends its audit events."""

    _database: Database

    async def office_settings(self, office: str) -> TenantSettings | None:
        """See Registry.office_settings."""
        row = await self.office_row(office)
        return None if row is None else row.settings

    async def establishment_settings(self, office: str, establishment: str) -> TenantSettings | None:
        """See Registry.establishment_settings."""
        stored = establishment_settings.c
        query = sa.select(stored.uses_second_factor, stored.exempt)
        async with self._database.reading() as connection:
            found = await connection.execute(query.filter_by(office=office, establishment=establishment))
            row = found.one_or_none()
        return None if row is None else TenantSettings(row.uses_second_factor, features(row.exempt))

    async def office_row(self, office: str) -> OfficeRow | None:
        """See Settings.office_row."""
        async with self._database.reading() as connection:
            return await _office_row(connection, office)

    async def change_office(
        self, office: str, settings: TenantSettings, before: TenantSettings, expected: int, stamp: Stamp
    ) -> OfficeRow | None:
        """See Settings.change_office."""
        async with self._database.writing() as connection:
            revision = await locked_revision(self._database, connection, office) + 1
            row = await _office_row(connection, office)
            if (0 if row is None else row.revision) != expected:
                return None
            pinned = sa.select(configured_tenants.c.pinned).filter_by(office=office, establishment="")
            if (await connection.execute(pinned)).scalar_one_or_none():
                raise ValueError("the configuration has this office's settings")
            if row is not None and row.settings == settings:
                return row
            values = {
                "uses_second_factor": settings.uses_second_factor,
                "exempt": exempt_text(settings),
                "registration_codes": settings.registration_codes,
                "revision": revision,
                "changed_at": stamp.at,
                "changed_by": stamp.actor,
            }
            insert = self._database.insert(office_settings).values(office=office, **values)
            await connection.execute(insert.on_conflict_do_update(index_elements=["office"], set_=values))
            await note_revision(connection, office, revision)
            detail = (("before", as_words(before)), ("after", as_words(settings)))
            await self._append(connection, [event(Event.OFFICE_CHANGED, office, "", stamp, detail)])
            return OfficeRow(settings, revision, stamp.at, stamp.actor)

    async def find_establishments(
        self, query: EstablishmentQuery, default: TenantSettings, offset: int, limit: int
    ) -> EstablishmentPage:
        """See Settings.find_establishments."""
        columns, conditions = establishments.c, list(found_by(self._database, query, default))
        rows_looked_at = searched(self._database, query)
        count = sa.select(sa.func.count()).select_from(rows_looked_at).where(*conditions)
        # Codes are found by the index alone; only the page's rows are read, and what holds for them.
        found = sa.select(columns.code).select_from(rows_looked_at).where(*conditions)
        found = found.order_by(columns.code).offset(offset).limit(limit)
        page = establishments.alias("page")
        shown_here = sa.and_(page.c.office == query.office, page.c.code.in_(found.subquery("found").select()))
        rows = sa.select(*holding_columns(page, default)).select_from(holding(page))
        rows = rows.where(shown_here).order_by(page.c.code)
        async with self._database.reading() as connection:
            # The revision first: a change while the rows are read makes them newer than it says, and is told later.
            revision = await read_revision(connection, query.office)
            total = (await connection.execute(count)).scalar_one()
            shown = (await connection.execute(rows)).all() if offset < total else []
        return EstablishmentPage(tuple(map(row_of, shown)), total, revision)

    async def establishment_row(self, office: str, code: str, default: TenantSettings) -> EstablishmentRow | None:
        """See Settings.establishment_row."""
        columns = establishments.c
        query = sa.select(*holding_columns(establishments, default)).select_from(holding())
        async with self._database.reading() as connection:
            found = await connection.execute(query.where(columns.office == office, columns.code == typed(code)))
            row = found.one_or_none()
        return None if row is None else row_of(row)

    async def every_establishment(
        self, selection: Selection, default: TenantSettings
    ) -> AsyncIterator[tuple[EstablishmentRow, ...]]:
        """See Settings.every_establishment."""
        async for rows in Walk(self._database, selection, default).rows(self._read):
            yield tuple(map(row_of, rows))

    async def selected_codes(self, selection: Selection, default: TenantSettings) -> tuple[str, ...]:
        """See Settings.selected_codes."""
        codes: list[str] = []
        async for rows in Walk(self._database, selection, default).rows(self._read):
            codes.extend(row.code for row in rows)
        return tuple(codes)

    async def _read(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        """One query in a transaction of its own: whoever takes the rows may take their time."""
        async with self._database.reading() as connection:
            rows: Sequence[sa.Row[Any]] = (await connection.execute(query)).all()
            return rows


async def locked_revision(database: Database, connection: AsyncConnection, office: str) -> int:
    """The office's revision; until the end of the transaction nobody else changes its settings."""
    insert = database.insert(offices).values(office=office, revision=0)
    await connection.execute(insert.on_conflict_do_nothing(index_elements=["office"]))
    query = sa.select(offices.c.revision).filter_by(office=office).with_for_update()
    return int((await connection.execute(query)).scalar_one())


async def read_revision(connection: AsyncConnection, office: str) -> int:
    """The office's revision; 0 when nothing was ever set."""
    query = sa.select(offices.c.revision).filter_by(office=office)
    return (await connection.execute(query)).scalar_one_or_none() or 0


async def note_revision(connection: AsyncConnection, office: str, revision: int) -> None:
    """The office's revision after a change of its settings."""
    await connection.execute(sa.update(offices).filter_by(office=office).values(revision=revision))


def event(
    name: Event, office: str, establishment: str, stamp: Stamp, detail: tuple[tuple[str, str], ...]
) -> AuditEvent:
    """An audit event of a change of settings: it is about nobody in particular."""
    return AuditEvent(
        stamp.at, name.value, stamp.reference, stamp.actor, "", office, establishment, stamp.address, detail
    )


async def _office_row(connection: AsyncConnection, office: str) -> OfficeRow | None:
    row = (await connection.execute(sa.select(office_settings).where(_office.office == office))).one_or_none()
    if row is None:
        return None
    settings = TenantSettings(row.uses_second_factor, features(row.exempt), row.registration_codes)
    return OfficeRow(settings, row.revision, row.changed_at, row.changed_by)
