"""Who exists: establishments and people as the directory knows them, kept for searching.

    database        what the operator's own database lists, an office or an establishment at a time
    configuration   what the file and its CSV files list, taken over when their digest is another one
    sign-in         who signed in and stands in no list

Each source takes away only its own rows (see `roster_rows`). Only rows that differ are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.core.policy import TenantSettings
from gateway.stores.base_tenants import Establishment, PersonLine
from gateway.stores.database import Database
from gateway.stores.roster_rows import CONFIGURATION, DATABASE, SIGN_IN, Takeover, note_establishments, person_line
from gateway.stores.tables import configured_tenants, establishments, installation, offices, people
from gateway.stores.tenant_rows import exempt_text, typed

_BULK_SECONDS = 900.0  # for a million people
_SEEN_SECONDS = 86400.0  # how exactly it is known when somebody was last seen: not every sign-in is a write
_TOLD_AT_SIGN_IN = ("kind", "office", "establishment", "employee", "role")
_DIGEST = {"name": "configured tenants"}

_people = people.c


class RosterRecords:
    """The part of a Registry that knows who exists."""

    _database: Database

    async def replace_configured(
        self,
        digest: str,
        establishments: Iterable[tuple[str, Establishment]],
        entries: Iterable[tuple[str, str, TenantSettings, bool]],
        people: Iterable[PersonLine],
    ) -> bool:
        """See Roster.replace_configured."""
        noted = sa.select(installation.c.value).filter_by(**_DIGEST)
        async with self._database.reading() as connection:
            if (await connection.execute(noted)).scalar_one_or_none() == digest:
                return False
        async with self._database.writing(_BULK_SECONDS) as connection:
            await self._take_turn(connection)
            if (await connection.execute(noted)).scalar_one() == digest:
                return False  # another process did it while this one waited
            takeover = Takeover(self._database, connection, CONFIGURATION)
            await takeover.list_establishments(establishments)
            await takeover.list_unnamed(await _replace_entries(connection, entries))
            await takeover.list_people(people)
            await takeover.drop_establishments()
            await takeover.drop_people()
            await connection.execute(sa.update(installation).filter_by(**_DIGEST).values(value=digest))
            return True

    async def replace_establishments(self, office: str, rows: Iterable[Establishment], at: float) -> None:
        """See Roster.replace_establishments."""
        async with self._database.writing(_BULK_SECONDS) as connection:
            await self._take_turn(connection)
            takeover = Takeover(self._database, connection, DATABASE)
            await takeover.list_establishments((office, row) for row in rows)
            await takeover.drop_establishments(establishments.c.office == office)
            await self._note_office(connection, office, {"establishments_read_at": at})

    async def replace_people(self, office: str, establishment: str, people: Iterable[PersonLine], at: float) -> None:
        """See Roster.replace_people. Raises ValueError for a person of another tenant."""
        async with self._database.writing(_BULK_SECONDS) as connection:
            await self._take_turn(connection)
            takeover = Takeover(self._database, connection, DATABASE)
            await takeover.list_people(_all_of(people, office, establishment))
            await takeover.drop_people(_people.office == office, _people.establishment == establishment)
            if establishment:
                read = sa.update(establishments).filter_by(office=office, code=establishment)
                await connection.execute(read.values(people_read_at=at))
            else:
                await self._note_office(connection, office, {"staff_read_at": at})

    async def read_at(self, office: str, establishment: str | None = None) -> float | None:
        """See Roster.read_at."""
        if establishment:
            query = sa.select(establishments.c.people_read_at).filter_by(office=office, code=typed(establishment))
        else:
            read_at = offices.c.establishments_read_at if establishment is None else offices.c.staff_read_at
            query = sa.select(read_at).filter_by(office=office)
        async with self._database.reading() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def note_person(self, person: PersonLine, at: float) -> None:
        """See Roster.note_person. Most sign-ins find everything noted already and write nothing."""
        line = person_line(person, SIGN_IN)
        known = sa.select(people).where(_people.login_id == line["login_id"])
        async with self._database.reading() as connection:
            row = (await connection.execute(known)).one_or_none()
        lately = row is not None and row.seen_at is not None and 0 <= at - row.seen_at < _SEEN_SECONDS
        if lately and all(getattr(row, name) == line[name] for name in _TOLD_AT_SIGN_IN):
            return
        named = ("name", "folded") if line["name"] else ()
        values = {name: line[name] for name in (*_TOLD_AT_SIGN_IN, *named)} | {"seen_at": at}
        insert = self._database.insert(people).values(**line, seen_at=at)
        async with self._database.writing() as connection:
            if line["establishment"]:
                key = (line["office"], line["establishment"])
                await note_establishments(self._database, connection, [key], SIGN_IN)
            await connection.execute(insert.on_conflict_do_update(index_elements=["login_id"], set_=values))

    async def _take_turn(self, connection: AsyncConnection) -> None:
        """Lists are taken over one after the other, whichever process does it."""
        insert = self._database.insert(installation).values(**_DIGEST, value="")
        await connection.execute(insert.on_conflict_do_nothing(index_elements=["name"]))
        await connection.execute(sa.select(installation.c.value).filter_by(**_DIGEST).with_for_update())

    async def _note_office(self, connection: AsyncConnection, office: str, values: dict[str, float]) -> None:
        insert = self._database.insert(offices).values(office=office, revision=0, **values)
        await connection.execute(insert.on_conflict_do_update(index_elements=["office"], set_=values))


async def _replace_entries(
    connection: AsyncConnection, entries: Iterable[tuple[str, str, TenantSettings, bool]]
) -> list[tuple[str, str]]:
    """Put down what the file says of single tenants; which establishments these are."""
    listed = list(entries)
    lines = [
        {
            "office": office,
            "establishment": establishment,
            "uses_second_factor": settings.uses_second_factor,
            "exempt": exempt_text(settings),
            "pinned": pinned,
        }
        for office, establishment, settings, pinned in listed
    ]
    await connection.execute(sa.delete(configured_tenants))
    if lines:
        await connection.execute(sa.insert(configured_tenants), lines)
    return [(office, establishment) for office, establishment, _, _ in listed]


def _all_of(people: Iterable[PersonLine], office: str, establishment: str) -> Iterator[PersonLine]:
    for person in people:
        if (person.office, person.establishment) != (office, establishment):
            raise ValueError("a person of another tenant")
        yield person
