"""Who exists: establishments and people as the directory knows them, kept for searching.

    database        what the operator's own database lists, an office or an establishment at a time
    configuration   what the file and its CSV files list, taken over when their digest is another one
    sign-in         who signed in and stands in no list

Each source takes away only its own rows (see `roster_rows`). Only rows that differ are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.core.policy import TenantSettings
from gateway.stores.base_tenants import Establishment, PersonLine
from gateway.stores.database import Database
from gateway.stores.roster_rows import (
    CONFIGURATION,
    DATABASE,
    SIGN_IN,
    Row,
    Takeover,
    note_establishments,
    person_line,
)
from gateway.stores.tables import configured_tenants, establishments, installation, offices, people
from gateway.stores.tenant_rows import exempt_text, typed

_SEEN_SECONDS = 86400.0  # how exactly it is known when somebody was last seen: not every sign-in is a write
_TOLD_AT_SIGN_IN = ("kind", "office", "establishment", "employee", "role")
_DIGEST = {"name": "configured tenants"}

_people = people.c


class _NotedAlready(Exception):
    """This configuration was taken over by another process."""


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

        async def begin(connection: AsyncConnection) -> None:
            await self._take_turn(connection)
            if (await connection.execute(noted)).scalar_one() == digest:
                raise _NotedAlready  # by another process, while this one was comparing or waiting

        try:
            async with Takeover(self._database, CONFIGURATION, begin) as takeover:
                listed = list(entries)
                await takeover.list_establishments(establishments)
                await takeover.list_unnamed((office, establishment) for office, establishment, _, _ in listed)
                await takeover.list_people(people)
                await takeover.drop_establishments()
                await takeover.drop_people()
                connection = await takeover.written()
                await _replace_entries(connection, listed)
                await connection.execute(sa.update(installation).filter_by(**_DIGEST).values(value=digest))
        except _NotedAlready:
            return False
        return True

    async def replace_establishments(self, office: str, rows: Iterable[Establishment], at: float) -> None:
        """See Roster.replace_establishments."""
        async with Takeover(self._database, DATABASE, self._take_turn) as takeover:
            await takeover.list_establishments((office, row) for row in rows)
            await takeover.drop_establishments(establishments.c.office == office)
            await self._note_office(await takeover.written(), office, {"establishments_read_at": at})

    async def replace_people(self, office: str, establishment: str, people: Iterable[PersonLine], at: float) -> None:
        """See Roster.replace_people. Raises ValueError for a person of another tenant."""
        async with Takeover(self._database, DATABASE, self._take_turn) as takeover:
            await takeover.list_people(_all_of(people, office, establishment))
            await takeover.drop_people(_people.office == office, _people.establishment == establishment)
            connection = await takeover.written()
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

    async def note_people(self, noted: Sequence[tuple[PersonLine, float]]) -> None:
        """See Roster.note_people. Who is noted already as they are is not written."""
        lines = {line["login_id"]: line for person, at in noted for line in [_seen_line(person, at)]}
        known = sa.select(people).where(_people.login_id.in_(self._database.listed(list(lines))))
        async with self._database.reading() as connection:
            for row in await connection.execute(known):
                if _noted_lately(row, lines[row.login_id]):
                    del lines[row.login_id]
        if not lines:
            return
        insert = self._database.insert(people)
        fresh = {name: insert.excluded[name] for name in (*_TOLD_AT_SIGN_IN, "seen_at")}
        named = insert.excluded["name"] != ""
        kept = {name: sa.case((named, insert.excluded[name]), else_=_people[name]) for name in ("name", "folded")}
        upsert = insert.on_conflict_do_update(index_elements=["login_id"], set_=fresh | kept)
        # In one order everywhere: two workers that write some of the same rows do not wait for each other in a circle.
        ordered = [lines[login_id] for login_id in sorted(lines)]
        keys = sorted({(line["office"], line["establishment"]) for line in ordered if line["establishment"]})
        async with self._database.writing() as connection:
            if keys:
                await note_establishments(self._database, connection, keys, SIGN_IN)
            await connection.execute(upsert, ordered)

    async def _take_turn(self, connection: AsyncConnection) -> None:
        """Lists are taken over one after the other, whichever process does it."""
        insert = self._database.insert(installation).values(**_DIGEST, value="")
        await connection.execute(insert.on_conflict_do_nothing(index_elements=["name"]))
        await connection.execute(sa.select(installation.c.value).filter_by(**_DIGEST).with_for_update())

    async def _note_office(self, connection: AsyncConnection, office: str, values: dict[str, float]) -> None:
        insert = self._database.insert(offices).values(office=office, revision=0, **values)
        await connection.execute(insert.on_conflict_do_update(index_elements=["office"], set_=values))


def _seen_line(person: PersonLine, at: float) -> Row:
    return person_line(person, SIGN_IN) | {"seen_at": at}


def _noted_lately(row: sa.Row[Any], line: Row) -> bool:
    lately = row.seen_at is not None and 0 <= line["seen_at"] - row.seen_at < _SEEN_SECONDS
    return lately and all(getattr(row, name) == line[name] for name in _TOLD_AT_SIGN_IN)


async def _replace_entries(
    connection: AsyncConnection, entries: Sequence[tuple[str, str, TenantSettings, bool]]
) -> None:
    """Put down what the file says of single tenants."""
    lines = [
        {
            "office": office,
            "establishment": establishment,
            "uses_second_factor": settings.uses_second_factor,
            "exempt": exempt_text(settings),
            "pinned": pinned,
        }
        for office, establishment, settings, pinned in entries
    ]
    await connection.execute(sa.delete(configured_tenants))
    if lines:
        await connection.execute(sa.insert(configured_tenants), lines)


def _all_of(people: Iterable[PersonLine], office: str, establishment: str) -> Iterator[PersonLine]:
    for person in people:
        if (person.office, person.establishment) != (office, establishment):
            raise ValueError("a person of another tenant")
        yield person
