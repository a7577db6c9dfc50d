"""Walking over the establishments of a selection, by code, some at a time; and telling two walks apart."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import sqlalchemy as sa

from gateway.core.policy import TenantSettings
from gateway.stores.base_tenants import Selection
from gateway.stores.database import Database
from gateway.stores.tables import establishments
from gateway.stores.tenant_rows import found_by, holding, holding_columns, slices, typed

AT_ONCE = 500  # rows: some milliseconds of a loop that everybody shares

Rows = Sequence[sa.Row[Any]]
Read = Callable[[sa.Select[Any]], Awaitable[Rows]]


class Walk:
    """The rows of a selection, as `holding_columns` has them."""

    def __init__(self, database: Database, selection: Selection, default: TenantSettings) -> None:
        """Raises ValueError when the selection's query is of another office."""
        query = selection.everything
        if query is not None and query.office != selection.office:
            raise ValueError("a selection is of one office")
        self._database = database
        self._selection = selection
        self._default = default

    def rows(self, read: Read) -> AsyncIterator[Rows]:
        """`read` runs a query."""
        return self._picked(read) if self._selection.everything is None else self._everything(read)

    async def _picked(self, read: Read) -> AsyncIterator[Rows]:
        codes = {typed(code) for code in self._selection.codes}
        for some in slices(codes, AT_ONCE):
            listed = establishments.c.code.in_(self._database.listed(some))
            yield await read(self._select(establishments.c.office == self._selection.office, listed))

    async def _everything(self, read: Read) -> AsyncIterator[Rows]:
        """By code: each query goes on after the last row of the one before."""
        query, but = self._selection.everything, self._selection.codes
        if query is None:
            return
        conditions = list(found_by(self._database, query, self._default))
        rows = await read(self._select(*conditions).limit(AT_ONCE))
        while rows:
            yield [row for row in rows if row.code not in but]
            later = establishments.c.code > rows[-1].code
            rows = await read(self._select(*conditions, later).limit(AT_ONCE)) if len(rows) == AT_ONCE else []

    def _select(self, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
        query = sa.select(*holding_columns(establishments, self._default)).select_from(holding())
        return query.where(*conditions).order_by(establishments.c.code)


class Digest:
    """Names the rows of a walk with their revisions, and the office's revision at which they were read."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, rows: Rows) -> None:
        """Some more rows."""
        lines = [
            f"{code}\0{revision or 0}\0{pinned}\n" for code, _, _, _, _, pinned, revision, _, _ in map(tuple, rows)
        ]
        self._hash.update("".join(lines).encode())

    def text(self, revision: int) -> str:
        """What comes back with the change."""
        return f"{revision}.{self._hash.hexdigest()}"

    def agrees_with(self, text: str) -> bool:
        """Whether these are the same rows at the same revisions."""
        return text.partition(".")[2] == self._hash.hexdigest()

    @staticmethod
    def seen(text: str, revision: int) -> int:
        """The office's revision that a text names; `revision` (of now) when it is none that was ever given out."""
        seen = text.partition(".")[0]
        return int(seen) if seen.isascii() and seen.isdecimal() and len(seen) <= len(str(revision)) else revision
