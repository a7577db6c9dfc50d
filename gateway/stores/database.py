"""The registry's database: SQLite in a file, or PostgreSQL. Connections, transactions, and one place for faults.

Whatever goes wrong below (refused, timed out, locked, disk full, table missing) leaves here as StoreUnavailable.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence

import aiosqlite
import asyncpg
import sqlalchemy as sa
from sqlalchemy import AsyncAdaptedQueuePool
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gateway.core.errors import StoreUnavailable
from gateway.stores import schema
from gateway.stores.circuit import Circuit
from gateway.stores.outage import Outage

_CONNECT_SECONDS = 3.0
_STATEMENT_SECONDS = 3.0
_ANSWER_SECONDS = 10.0  # for everything: connecting and the statements; bulk work names its own limit
_CONNECTIONS = 8
_PATIENT_CONNECTIONS = 2  # for bulk work on a server: it never takes the places of those who wait at a page
_BUSY_SECONDS = 2.0  # how long SQLite waits for another process's write
_MIGRATING_SECONDS = 60.0  # … and for another process's migration
_WAL_PAUSE_SECONDS = 0.05
_FAULTS = (
    sa.exc.SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError,
    asyncpg.InternalClientError,  # a question and the server's end of the connection crossed
)  # fmt: skip
_WRITES = "sekisho_writes"

Insert = sqlite.Insert | postgresql.Insert


class Database:
    """An engine with its transactions. Nothing connects before the first use."""

    def __init__(self, url: str, outage: Outage | None = None) -> None:
        """`url`: `sqlite:///path` or `postgresql://…` with what libpq accepts. Raises ValueError.

        `embedded`: it is an SQLite file. `outage` tells the log.
        """
        self._engine = _engine(url, _STATEMENT_SECONDS)
        self._outage = outage or Outage("registry")
        self._circuit = Circuit("registry", outage=self._outage)
        self.embedded = self._engine.dialect.name == "sqlite"
        # A server's queries need no transaction around them: at its default level that would hold nothing together, and
        # beginning and ending it are two more ways there and back.
        self._reading = self._engine.execution_options(**({} if self.embedded else {"isolation_level": "AUTOCOMMIT"}))
        self._reads = asyncio.Semaphore(_CONNECTIONS)
        # SQLite has one writer; waiting here costs nothing, waiting in SQLite polls.
        self._writes = asyncio.Semaphore(1) if self.embedded else self._reads
        self._patient = self._engine if self.embedded else _engine(url, None)
        self._patient_turns = self._writes if self.embedded else asyncio.Semaphore(_PATIENT_CONNECTIONS)

    async def start(self, *, migrate: bool = True) -> None:
        """Make sure of the schema: an embedded database is migrated, unless another process does that (a dozen that
        start together would wait for each other's locks); a server's is only checked.

        Several programs may share a server, so its schema changes when its operator says so. Raises SchemaMismatch.
        """
        if self.embedded and migrate:
            async with self.writing() as connection:
                await connection.run_sync(schema.upgrade)
        else:
            async with self.reading() as connection:
                await connection.run_sync(schema.check)

    @contextlib.asynccontextmanager
    async def reading(self, seconds: float = _ANSWER_SECONDS) -> AsyncIterator[AsyncConnection]:
        """Queries that only read, in so many seconds in all. SQLite shows them one state, a server each its own."""
        async with self._answers(self._reads, seconds), self._reading.connect() as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def writing(self, seconds: float | None = None) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes; it is undone when the body raises.

        `seconds`: for bulk work, which may take so long in all, in place of what everybody else may take.
        """
        turns, engine = (self._writes, self._engine) if seconds is None else (self._patient_turns, self._patient)
        writing = engine.execution_options(**{_WRITES: True})
        async with self._answers(turns, seconds or _ANSWER_SECONDS), writing.begin() as connection:
            yield connection
        self._outage.answered(_WRITES)

    def insert(self, table: sa.Table) -> Insert:
        """INSERT with ON CONFLICT, which both dialects spell alike."""
        return sqlite.insert(table) if self.embedded else postgresql.insert(table)

    def listed(self, texts: Sequence[str]) -> sa.Select[str]:
        """A query whose rows are these texts. It has one parameter, however many they are: `column.in_(listed(…))`."""
        if self.embedded:
            rows = sa.func.json_each(json.dumps(texts, ensure_ascii=False)).table_valued("value")
            return sa.select(sa.type_coerce(rows.c.value, sa.Text))
        array = sa.bindparam(None, list(texts), type_=postgresql.ARRAY(sa.Text))
        return sa.select(sa.func.unnest(array, type_=sa.Text).column_valued("value"))

    async def close(self) -> None:
        """Close every connection and end SQLite's threads."""
        await self._engine.dispose()
        await self._patient.dispose()

    @contextlib.asynccontextmanager
    async def _answers(self, turns: asyncio.Semaphore, seconds: float) -> AsyncIterator[None]:
        """Waiting for a turn is not the server's silence, so it is not timed; and whoever queued while the server
        went away is refused at once by the circuit."""
        async with turns:
            self._circuit.check()
            try:
                async with asyncio.timeout(seconds):
                    yield
            except _FAULTS as fault:
                cause = _cause(fault)
                if _unreachable(fault):
                    self._circuit.failed(cause)
                elif _refuses(fault):  # a disk that is full or may only be read: what was there can still be read
                    self._outage.failed(_WRITES, cause)
                raise StoreUnavailable("registry", cause) from fault
            self._circuit.answered()


async def migrate(url: str) -> str:
    """Bring this database's schema up to the program's; the revision reached. Raises SchemaMismatch, StoreUnavailable.

    A step over a large table may take long, so no statement is cut off here.
    """
    engine = _engine(url, None)
    try:
        async with engine.execution_options(**{_WRITES: True}).begin() as connection:
            return await connection.run_sync(schema.upgrade)
    except _FAULTS as fault:
        raise StoreUnavailable("registry", _cause(fault)) from fault
    finally:
        await engine.dispose()


def _engine(url: str, statement_seconds: float | None) -> AsyncEngine:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise ValueError("the registry's address is not a URL") from None  # it may hold a password: not shown
    if parsed.drivername == "sqlite":
        return _sqlite_engine(parsed, _MIGRATING_SECONDS if statement_seconds is None else _BUSY_SECONDS)
    if parsed.drivername == "postgresql":
        return _postgresql_engine(url, statement_seconds)
    raise ValueError("the registry's address is sqlite:///path or postgresql://…")


def _sqlite_engine(url: sa.URL, busy_seconds: float) -> AsyncEngine:
    if url.database in (None, "", ":memory:"):
        raise ValueError("an SQLite registry is a file: what it holds outlives a restart")
    path = str(url.database)

    async def connect() -> aiosqlite.Connection:
        return await _sqlite_connection(path, busy_seconds)

    engine = create_async_engine(
        "sqlite+aiosqlite:///", async_creator=connect, poolclass=AsyncAdaptedQueuePool, pool_size=_CONNECTIONS + 1
    )
    sa.event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


async def _sqlite_connection(path: str, busy_seconds: float) -> aiosqlite.Connection:
    """Open the file in a thread of its own, which a failure does not leave behind."""
    # The driver begins no transaction by itself: _begin_sqlite does.
    connection = aiosqlite.connect(path, isolation_level=None, timeout=busy_seconds)
    connection._thread.daemon = True  # noqa: SLF001 (as SQLAlchemy does: a program that ends does not wait for it)
    try:
        await connection
        await _use_wal(connection, busy_seconds)
        await connection.execute("PRAGMA synchronous = FULL")  # a lock-out or a used code survives a power cut
        await connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        await connection.close()
        await asyncio.to_thread(connection._thread.join, 1)  # noqa: SLF001
        raise
    return connection


async def _use_wal(connection: aiosqlite.Connection, seconds: float) -> None:
    """SQLite does not wait for its turn while it changes the journal: of several that open a new file, one may lose.
    What is not another's turn (a disk that may only be read, or is full) does not pass by waiting."""
    for attempt in itertools.count(1):
        try:
            await connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as fault:
            busy = fault.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if attempt * _WAL_PAUSE_SECONDS > (seconds if busy else min(seconds, _BUSY_SECONDS)):
                raise
            await asyncio.sleep(_WAL_PAUSE_SECONDS)
        else:
            return


def _begin_sqlite(connection: sa.Connection) -> None:
    """A writer takes the write lock first: one that read before could only fail when another wrote meanwhile."""
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


async def driver_connection(url: str) -> aiosqlite.Connection | asyncpg.Connection:
    """A connection as the engine opens them, of its driver alone. Raises what `driver_fault` knows."""
    parsed = sa.make_url(url)
    if parsed.drivername == "sqlite":
        return await _sqlite_connection(str(parsed.database), _BUSY_SECONDS)
    return await _postgresql_connection(url, _STATEMENT_SECONDS)


def driver_fault(fault: Exception) -> StoreUnavailable | None:
    """What such a connection's exception means; None: it is a fault of the program."""
    known = isinstance(fault, (*_FAULTS, sqlite3.Error))
    return StoreUnavailable("registry", _cause(fault)) if known else None


async def _postgresql_connection(url: str, statement_seconds: float | None) -> asyncpg.Connection:
    return await asyncpg.connect(
        url,  # as it is: asyncpg reads libpq's parameters (sslmode, several hosts), SQLAlchemy does not
        timeout=_CONNECT_SECONDS,
        command_timeout=statement_seconds,
        server_settings={"application_name": "sekisho"},
    )


def _postgresql_engine(url: str, statement_seconds: float | None) -> AsyncEngine:
    async def connect() -> asyncpg.Connection:
        return await _postgresql_connection(url, statement_seconds)

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=_PATIENT_CONNECTIONS if statement_seconds is None else _CONNECTIONS,
        max_overflow=0,
        pool_pre_ping=True,  # after a restart of the server the first request finds a new connection
    )


def _cause(fault: BaseException) -> str:
    """What happened, without statements and parameters."""
    if isinstance(fault, sa.exc.DBAPIError) and fault.orig is not None:
        fault = fault.orig
    first_line = str(fault).partition("\n")[0]
    return f"{type(fault).__name__}: {first_line}" if first_line else type(fault).__name__


def _unreachable(fault: BaseException) -> bool:
    """Whether the server itself does not answer, so that asking again at once would wait again."""
    if isinstance(fault, sa.exc.DBAPIError):
        return fault.connection_invalidated
    return not isinstance(fault, sa.exc.SQLAlchemyError) or isinstance(fault, sa.exc.TimeoutError)


def _refuses(fault: BaseException) -> bool:
    """Whether the server answers that it can't, whatever it is asked."""
    ours = (sa.exc.IntegrityError, sa.exc.ProgrammingError, sa.exc.DataError)
    return isinstance(fault, sa.exc.DBAPIError) and not isinstance(fault, ours)
