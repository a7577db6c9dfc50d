"""Taking over rows of the roster from one source: what is listed is merged, what is listed no more goes."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.core.folding import folded, searchable
from gateway.stores.base_tenants import Establishment, PersonLine
from gateway.stores.database import Database
from gateway.stores.tables import establishments, people
from gateway.stores.tenant_rows import typed

# Who knows more stands first: a source takes over the rows of those behind it, never the other way round.
DATABASE, CONFIGURATION, SIGN_IN = _SOURCES = ("database", "configuration", "sign-in")
_AT_ONCE = 200  # rows: to fold and to hand over more would hold the loop for too long
_LOOKED_AT = 2000
_WAITING = 20_000  # rows that wait in memory for the transaction: a list that is read again differs in fewer
BULK_SECONDS = 900.0  # for a million people

_T = TypeVar("_T")
Row = dict[str, Any]
Begin = Callable[[AsyncConnection], Awaitable[None]]
Write = Callable[[AsyncConnection, list[Any]], Awaitable[None]]


class Takeover:
    """What one source lists: compared with what is there, and what differs written in one transaction.

    Comparing takes no lock, and a list that is read again differs in little; so the transaction begins at the end, or
    as soon as so much has to be written that it should not wait in memory.
    """

    def __init__(self, database: Database, source: str, begin: Begin) -> None:
        """`begin` is what the transaction does first; what it raises ends the whole."""
        self._database = database
        self._source = source
        self._begin = begin
        self._stack = contextlib.AsyncExitStack()
        self._connection: AsyncConnection | None = None
        self._establishments: set[tuple[str, ...]] = set()
        self._people: set[tuple[str, ...]] = set()
        self._waiting: list[tuple[Write, list[Any]]] = []

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, fault, trace)

    async def list_establishments(self, rows: Iterable[tuple[str, Establishment]]) -> None:
        """Merge establishments, each with its office."""
        for some in _batches(rows):
            lines = [establishment_line(office, one, self._source) for office, one in some]
            self._establishments.update((line["office"], line["code"]) for line in lines)
            for office, here in itertools.groupby(lines, key=lambda line: line["office"]):
                await self._merge(establishments, "code", list(here), establishments.c.office == office)

    async def list_people(self, rows: Iterable[PersonLine]) -> None:
        """Merge people. An establishment of theirs that is not known joins without a name."""
        for some in _batches(rows):
            lines = [person_line(one, self._source) for one in some]
            await self.list_unnamed((line["office"], line["establishment"]) for line in lines)
            self._people.update((line["login_id"],) for line in lines)
            await self._merge(people, "login_id", lines)

    async def list_unnamed(self, keys: Iterable[tuple[str, str]]) -> None:
        """Establishments that exist, whatever their names are."""
        unknown = {key for key in keys if key[1]} - self._establishments
        if unknown:
            self._establishments |= unknown
            await self._write(self._note, sorted(unknown))

    async def drop_establishments(self, *scope: sa.ColumnElement[bool]) -> None:
        """Drop those of this source, as far as `scope` goes, that were not listed."""
        columns = establishments.c
        async for gone in self._not_listed((columns.office, columns.code), self._establishments, scope):
            await self._write(self._drop_establishments, gone)

    async def drop_people(self, *scope: sa.ColumnElement[bool]) -> None:
        """The same for people."""
        async for gone in self._not_listed((people.c.login_id,), self._people, scope):
            await self._write(self._drop_people, [login_id for (login_id,) in gone])

    async def written(self) -> AsyncConnection:
        """The transaction, in which all of it is written by now."""
        if self._connection is None:
            self._connection = await self._stack.enter_async_context(self._database.writing(BULK_SECONDS))
            await self._begin(self._connection)
        for write, lines in self._waiting:
            await write(self._connection, lines)
        self._waiting = []
        return self._connection

    async def _write(self, write: Write, lines: list[Any]) -> None:
        self._waiting.append((write, lines))
        if self._connection is not None or sum(len(some) for _, some in self._waiting) > _WAITING:
            await self.written()

    async def _read(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        if self._connection is not None:
            rows: Sequence[sa.Row[Any]] = (await self._connection.execute(query)).all()
        else:
            async with self._database.reading() as connection:
                rows = (await connection.execute(query)).all()
        return rows

    async def _merge(self, table: sa.Table, key: str, lines: list[Row], *scope: sa.ColumnElement[bool]) -> None:
        """Insert, or replace what differs if this source may."""
        listed = table.c[key].in_(self._database.listed([line[key] for line in lines]))
        rows = await self._read(sa.select(*(table.c[name] for name in lines[0])).where(listed, *scope))
        there = {getattr(row, key): row for row in rows}
        differing = [line for line in lines if self._replaces(there.get(line[key]), line)]
        if differing:
            await self._write(functools.partial(self._put, table), differing)

    def _replaces(self, row: sa.Row[Any] | None, line: Row) -> bool:
        if row is None:
            return True
        return row.source in self._weaker and tuple(row) != tuple(line.values())

    @property
    def _weaker(self) -> tuple[str, ...]:
        """Sources whose rows this one may replace: its own too."""
        return _SOURCES[_SOURCES.index(self._source) :]

    async def _put(self, table: sa.Table, connection: AsyncConnection, lines: list[Row]) -> None:
        """Lines go in the order of their keys: two that write at once wait for each other and never cross."""
        key = [column.name for column in table.primary_key]
        insert = self._database.insert(table)
        new = {name: insert.excluded[name] for name in lines[0] if name not in key}
        weaker = sa.or_(*(table.c.source == source for source in self._weaker))
        statement = insert.on_conflict_do_update(index_elements=key, set_=new, where=weaker)
        await connection.execute(statement, sorted(lines, key=lambda line: [line[name] for name in key]))

    async def _note(self, connection: AsyncConnection, keys: list[tuple[str, str]]) -> None:
        await note_establishments(self._database, connection, keys, self._source)

    async def _drop_establishments(self, connection: AsyncConnection, keys: list[tuple[str, ...]]) -> None:
        columns = establishments.c
        for office, here in itertools.groupby(keys, key=lambda key: key[0]):
            gone = columns.code.in_(self._database.listed([code for _, code in here]))
            own = columns.source == self._source
            await connection.execute(sa.delete(establishments).where(columns.office == office, gone, own))

    async def _drop_people(self, connection: AsyncConnection, login_ids: list[str]) -> None:
        gone = people.c.login_id.in_(self._database.listed(login_ids))
        await connection.execute(sa.delete(people).where(gone, people.c.source == self._source))

    async def _not_listed(
        self,
        key: tuple[sa.ColumnElement[str], ...],
        listed: set[tuple[str, ...]],
        scope: tuple[sa.ColumnElement[bool], ...],
    ) -> AsyncIterator[list[tuple[str, ...]]]:
        source = sa.literal_column("source") == self._source
        query = sa.select(*list[Any](key)).where(source, *scope).order_by(*key).limit(_LOOKED_AT)
        rows = await self._read(query)
        while rows:
            if gone := [found for row in rows if (found := tuple(row)) not in listed]:
                yield gone
            rows = await self._read(query.where(sa.tuple_(*key) > sa.tuple_(*rows[-1])))


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
