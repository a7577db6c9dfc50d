"""A directory that is queries on the operator's own database, SQLite or PostgreSQL."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gateway.config.settings import EstablishmentEntry
from gateway.config.settings import SqlDirectory as SqlSettings
from gateway.core.errors import StoreUnavailable
from gateway.core.subject import Kind, Subject, canonical_login_id
from gateway.directory.lists import Listing, establishments_of, people_of

_CACHED_PEOPLE = 10_000
LONGEST_LIST = 200_000
_AT_ONCE = 500  # rows read between two turns of the loop
_LONGEST_READ = 30  # times the time limit of one answer
_log = logging.getLogger("sekisho.directory")
T = TypeVar("T")
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_KINDS = {"office": Kind.OFFICE, "establishment": Kind.ESTABLISHMENT}


class SqlDirectory:
    """Reads one row per login ID, within a time limit, and keeps answers for a while.

    A column `login_id` leads the names by which an app knows one person (e-mail addresses) to one ID, so that they
    share one second factor and one lock.

    The ID is a bound parameter, whatever it holds. Only people who were found are kept: somebody who was entered a
    moment ago must not wait, and strangers must not fill the cache. Lists are not kept here: the registry has them.
    """

    def __init__(self, settings: SqlSettings, clock: Callable[[], float], longest_list: int = LONGEST_LIST) -> None:
        """`clock`: monotonic seconds, for the age of cached answers."""
        self._settings = settings
        self._clock = clock
        self._longest_list = longest_list
        self._query = sa.text(settings.query)
        self._file = _sqlite_file(settings.url)
        self._engine = _engine(settings.url, self._file)
        self._kept: OrderedDict[str, tuple[float, Subject]] = OrderedDict()

    async def subject(self, login_id: str) -> Subject | None:
        """The person of the query's first row. Raises StoreUnavailable when there was no answer in time."""
        kept = self._kept.get(login_id)
        if kept is not None and self._clock() < kept[0]:
            return kept[1]
        row = await self._row(login_id)
        if row is None:
            self._kept.pop(login_id, None)
            return None
        found = _subject(login_id, row)
        self._keep(login_id, found)
        return found

    async def establishments(self, office: str) -> tuple[EstablishmentEntry, ...] | None:
        """What the query lists of this office. Raises StoreUnavailable, also when the list is too long."""
        query = self._settings.establishments_query
        if not query:
            return None
        what = f"establishments of office {office}"
        return await self._list(query, {"office": office}, establishments_of(office), what)

    async def people(self, office: str, establishment: str) -> tuple[Subject, ...] | None:
        """What the query lists of this establishment, or of the office's own staff. Raises StoreUnavailable."""
        query = self._settings.people_query
        if not query:
            return None
        what = f"people of establishment {establishment}" if establishment else f"people of office {office}"
        parameters = {"office": office, "establishment": establishment}
        return await self._list(query, parameters, people_of(office, establishment), what)

    def everybody(self) -> Iterable[Subject]:
        """Nobody: a database is asked for one tenant at a time."""
        return ()

    async def close(self) -> None:
        """Close the pool: aiosqlite's thread would keep the process alive."""
        await self._engine.dispose()

    async def _row(self, login_id: str) -> Mapping[str, Any] | None:
        async with self._asking() as (connection, _):
            result = await connection.execute(self._query, {"login_id": login_id})
            row = result.mappings().first()
            return None if row is None else dict(row)

    async def _list(self, query: str, parameters: dict[str, str], listing: Listing[T], what: str) -> tuple[T, ...]:
        """The time limit is for each answer of the database: a long list comes in many."""
        seconds, taken, loop = self._settings.timeout_seconds, 0, asyncio.get_running_loop()
        last = loop.time() + seconds * _LONGEST_READ
        async with self._asking() as (connection, limit), connection.stream(sa.text(query), parameters) as result:
            listing.begin(result.keys())
            async for rows in result.partitions(_AT_ONCE):
                taken += len(rows)
                if taken > self._longest_list:
                    raise StoreUnavailable("directory", f"more than {self._longest_list} rows are {what}")
                for row in rows:
                    listing.take(row)
                await asyncio.sleep(0)  # reading a long list must not hold up anybody's request
                limit.reschedule(min(last, loop.time() + seconds))
        if listing.skipped:
            _log.warning("%d of %d %s have no proper or no own code and are left out", listing.skipped, taken, what)
        return listing.all()

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[tuple[AsyncConnection, asyncio.Timeout]]:
        """A connection, and the time limit that it is under. Whatever fails is a StoreUnavailable."""
        if self._file is not None and not self._file.is_file():
            raise StoreUnavailable("directory", f"there is no file {self._file}")  # SQLite would make an empty one
        try:
            async with asyncio.timeout(self._settings.timeout_seconds) as limit, self._engine.connect() as connection:
                yield connection, limit
        except TimeoutError:
            raise StoreUnavailable("directory", f"no answer in {self._settings.timeout_seconds:g} s") from None
        except (sa.exc.SQLAlchemyError, OSError) as error:
            # The text of a driver's error may hold the URL with its password or the login ID: the class must do.
            raise StoreUnavailable("directory", type(error).__name__) from None

    def _keep(self, login_id: str, subject: Subject) -> None:
        if not self._settings.cache_seconds:
            return
        self._kept[login_id] = (self._clock() + self._settings.cache_seconds, subject)
        self._kept.move_to_end(login_id)
        if len(self._kept) > _CACHED_PEOPLE:
            self._kept.popitem(last=False)


def _sqlite_file(url: str) -> Path | None:
    parsed = sa.make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def _engine(url: str, file: Path | None) -> AsyncEngine:
    """Opened for reading only, whatever a query says: SQLite's file, each transaction of PostgreSQL."""
    parsed = sa.make_url(url)
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    if parsed.get_backend_name() == "postgresql":
        return create_async_engine(parsed, execution_options={"postgresql_readonly": True})
    if file is not None:
        parsed = parsed.set(database=f"file:{quote(str(file))}", query={"mode": "ro", "uri": "true"})
    return create_async_engine(parsed)


def _subject(asked: str, row: Mapping[str, Any]) -> Subject:
    """Codes are text, also where a column is numeric. A kind that nobody knows is UNKNOWN: a second factor."""
    text = {name.lower(): "" if value is None else str(value).strip() for name, value in row.items()}
    kind = _KINDS.get(text.get("kind", "").lower(), Kind.UNKNOWN)
    needed = "office" if kind is Kind.OFFICE else "establishment"
    if not text.get(needed):
        kind = Kind.UNKNOWN
    names = ("office", "establishment", "employee", "role", "name")
    return Subject(_own_id(asked, text), kind, **{name: text.get(name, "") for name in names})


def _own_id(asked: str, text: Mapping[str, str]) -> str:
    """The row's own ID, whatever name was asked for. One that is none answers nothing: an alias would stay one."""
    try:
        return canonical_login_id(text["login_id"]) if "login_id" in text else asked
    except ValueError:
        raise StoreUnavailable("directory", "the column login_id holds no login ID") from None
