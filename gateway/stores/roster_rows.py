"""Taking over rows of the roster from one source: what is listed is merged, what is listed no more goes."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.core.folding import folded, searchable
from gateway.stores.base_tenants import Establishment, PersonLine
from gateway.stores.database import Database
from gateway.stores.tables import establishments, people
from gateway.stores.tenant_rows import typed

# Who knows more stands first: a source takes over the rows of those behind it, never the other way round.
DATABASE, CONFIGURATION, SIGN_IN = _SOURCES = ("database", "configuration", "sign-in")
_AT_ONCE = 500  # rows: to fold and to hand over more would hold the loop for too long
_LOOKED_AT = 2000

_T = TypeVar("_T")
Row = dict[str, Any]


class Takeover:
    """What one source lists, within one transaction."""

    def __init__(self, database: Database, connection: AsyncConnection, source: str) -> None:
        self._database = database
        self._connection = connection
        self._source = source
        self._establishments: set[tuple[str, ...]] = set()
        self._people: set[tuple[str, ...]] = set()

    async def list_establishments(self, rows: Iterable[tuple[str, Establishment]]) -> None:
        """Merge establishments, each with its office."""
        for some in _batches(rows):
            lines = [establishment_line(office, one, self._source) for office, one in some]
            self._establishments.update((line["office"], line["code"]) for line in lines)
            await self._merge(establishments, ("office", "code"), lines)

    async def list_people(self, rows: Iterable[PersonLine]) -> None:
        """Merge people. An establishment of theirs that is not known joins without a name."""
        for some in _batches(rows):
            lines = [person_line(one, self._source) for one in some]
            await self.list_unnamed((line["office"], line["establishment"]) for line in lines)
            self._people.update((line["login_id"],) for line in lines)
            await self._merge(people, ("login_id",), lines)

    async def list_unnamed(self, keys: Iterable[tuple[str, str]]) -> None:
        """Establishments that exist, whatever their names are."""
        unknown = {key for key in keys if key[1]} - self._establishments
        if unknown:
            self._establishments |= unknown
            await note_establishments(self._database, self._connection, sorted(unknown), self._source)

    async def drop_establishments(self, *scope: sa.ColumnElement[bool]) -> None:
        """Drop those of this source, as far as `scope` goes, that were not listed."""
        columns = establishments.c
        async for gone in self._not_listed((columns.office, columns.code), self._establishments, scope):
            for office, keys in itertools.groupby(gone, key=lambda key: key[0]):
                codes = self._database.listed([code for _, code in keys])
                delete = sa.delete(establishments).where(columns.office == office, columns.code.in_(codes))
                await self._connection.execute(delete)

    async def drop_people(self, *scope: sa.ColumnElement[bool]) -> None:
        """The same for people."""
        columns = people.c
        async for gone in self._not_listed((columns.login_id,), self._people, scope):
            login_ids = self._database.listed([login_id for (login_id,) in gone])
            await self._connection.execute(sa.delete(people).where(columns.login_id.in_(login_ids)))

    async def _merge(self, table: sa.Table, key: Sequence[str], lines: Sequence[Row]) -> None:
        """Insert, or replace what differs if this source may. Lines go in the order of their keys: two that merge at
        once wait for each other instead of blocking each other."""
        insert = self._database.insert(table)
        new = {name: insert.excluded[name] for name in lines[0] if name not in key}
        differs = sa.or_(*(table.c[name].is_distinct_from(value) for name, value in new.items()))
        weaker = sa.or_(*(table.c.source == one for one in _SOURCES[_SOURCES.index(self._source) :]))
        statement = insert.on_conflict_do_update(index_elements=key, set_=new, where=sa.and_(weaker, differs))
        await self._connection.execute(statement, sorted(lines, key=lambda line: [line[name] for name in key]))

    async def _not_listed(
        self,
        key: tuple[sa.ColumnElement[str], ...],
        listed: set[tuple[str, ...]],
        scope: tuple[sa.ColumnElement[bool], ...],
    ) -> AsyncIterator[list[tuple[str, ...]]]:
        source = sa.literal_column("source") == self._source
        query = sa.select(*key).where(source, *scope).order_by(*key).limit(_LOOKED_AT)
        rows = (await self._connection.execute(query)).all()
        while rows:
            if gone := [found for row in rows if (found := tuple(row)) not in listed]:
                yield gone
            rows = (await self._connection.execute(query.where(sa.tuple_(*key) > sa.tuple_(*rows[-1])))).all()


async def note_establishments(
    database: Database, connection: AsyncConnection, keys: Iterable[tuple[str, str]], source: str
) -> None:
    """Make sure that these (office, code) are in the roster."""
    lines = [establishment_line(office, Establishment(code), source) for office, code in keys]
    await connection.execute(database.insert(establishments).on_conflict_do_nothing(), lines)


def person_line(person: PersonLine, source: str) -> Row:
    """A row of `people`; `seen_at` is not for a list to say."""
    columns = ("login_id", "kind", "office", "establishment", "employee", "role", "name")
    line: Row = {name: typed(getattr(person, name)) for name in columns}
    return line | {"folded": f"{folded(person.login_id)}\n{searchable(person.name)}", "source": source}


def establishment_line(office: str, one: Establishment, source: str) -> Row:
    """A row of `establishments`; `people_read_at` is not for a list to say."""
    return {
        "office": typed(office),
        "code": typed(one.code),
        "name": typed(one.name),
        "kana": typed(one.kana),
        "folded_name": searchable(one.name),
        "folded_kana": searchable(one.kana),
        "source": source,
    }


def _batches(rows: Iterable[_T]) -> Iterator[list[_T]]:
    rest = iter(rows)
    while some := list(itertools.islice(rest, _AT_ONCE)):
        yield some
