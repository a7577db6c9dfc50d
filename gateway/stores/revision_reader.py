"""Reads the offices' revisions on a connection of its own, past SQLAlchemy: it is asked several times a second beside a
lane that wants the processor back, and this takes a fifteenth of the time.
"""

from __future__ import annotations

from typing import Any

import aiosqlite
import asyncpg
import sqlalchemy as sa

from gateway.stores.circuit import Circuit
from gateway.stores.database import driver_connection, driver_fault
from gateway.stores.outage import Outage
from gateway.stores.tables import offices

_STAMP = str(sa.select(sa.func.count(), sa.func.sum(offices.c.revision)).select_from(offices))
_REVISIONS = str(sa.select(offices.c.office, offices.c.revision))


class RevisionReader:
    """The registry at `url` (`revisions.RevisionStore`). Nothing connects before the first question."""

    def __init__(self, url: str, outage: Outage | None = None) -> None:
        """`outage`: the registry's, which tells the log."""
        self._url = url
        self._circuit = Circuit("registry", outage=outage)
        self._connection: aiosqlite.Connection | asyncpg.Connection | None = None

    async def settings_stamp(self) -> tuple[int, int]:
        """See RevisionStore. Revisions only grow and no office is forgotten, so their sum tells."""
        ((number, total),) = await self._ask(_STAMP)
        return int(number), int(total or 0)

    async def settings_revisions(self) -> dict[str, int]:
        """See RevisionStore."""
        return {str(office): int(revision) for office, revision in await self._ask(_REVISIONS)}

    async def close(self) -> None:
        """End the connection."""
        connection, self._connection = self._connection, None
        if isinstance(connection, aiosqlite.Connection):
            await connection.close()
        elif connection is not None:
            connection.terminate()

    async def _ask(self, query: str) -> list[tuple[Any, Any]]:
        self._circuit.check()
        try:
            if self._connection is None:
                self._connection = await driver_connection(self._url)
            if isinstance(self._connection, aiosqlite.Connection):
                rows = await self._connection.execute_fetchall(query)
            else:
                rows = await self._connection.fetch(query)
        except Exception as fault:
            await self.close()
            unavailable = driver_fault(fault)
            if unavailable is None:
                raise
            self._circuit.failed(unavailable.cause)
            raise unavailable from fault
        self._circuit.answered()
        return [(row[0], row[1]) for row in rows]
