"""Resets: everything that a person's second factor left behind goes at once, and every process ends their sessions."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.stores.audit import AuditRecords
from gateway.stores.base_audit import AuditEvent
from gateway.stores.base_people import Target
from gateway.stores.base_tenants import Stamp
from gateway.stores.tables import ended_sessions, lockouts, pending_enrolments, registration_codes, second_factors

_BULK_SECONDS = 60.0
_BULK_LOCK = 0x5E4151  # any number that nobody else locks in this database
# In the order in which every transaction touches them: none waits for another that waits for it.
_TABLES = (pending_enrolments, second_factors, lockouts, registration_codes)


class ResetRecords(AuditRecords):
    """The part of a Registry that forgets second factors."""

    async def reset(self, login_id: str) -> bool:
        """See Registry.reset."""
        async with self._database.writing() as connection:
            return bool(await self._forget(connection, [login_id]))

    async def reset_all(
        self, targets: Sequence[Target], stamp: Stamp, event: str, detail: tuple[tuple[str, str], ...] = ()
    ) -> int:
        """See People.reset_all."""
        people = {target.login_id: target for target in targets}
        if not people:
            return 0
        async with self._database.writing(_BULK_SECONDS) as connection:
            await one_bulk_change_at_a_time(connection)
            forgotten = await self._forget(connection, list(people))
            notices = [{"login_id": login_id, "at": stamp.at} for login_id in people]
            await connection.execute(sa.insert(ended_sessions), notices)
            await self._append(
                connection,
                [
                    AuditEvent(
                        stamp.at,
                        event,
                        stamp.reference,
                        stamp.actor,
                        target.login_id,
                        target.office,
                        target.establishment,
                        stamp.address,
                        detail,
                    )
                    for target in people.values()
                ],
            )
        return forgotten

    async def _forget(self, connection: AsyncConnection, login_ids: list[str]) -> int:
        """Of how many of them something was forgotten."""
        counted = {login_id: login_id for login_id in login_ids}
        counted |= {password_attempts(login_id): login_id for login_id in login_ids}
        forgotten: set[str] = set()
        for table in _TABLES:
            listed = self._database.listed(list(counted) if table is lockouts else login_ids)
            column = table.c.login_id
            gone = await connection.execute(sa.delete(table).where(column.in_(listed)).returning(column))
            forgotten.update(counted[name] for name in gone.scalars())
        return len(forgotten)

    async def ended_sessions(self, after: int) -> tuple[int, tuple[str, ...]]:
        """See People.ended_sessions."""
        noted = ended_sessions.c
        later = sa.select(noted.number, noted.login_id).where(noted.number > after).order_by(noted.number)
        async with self._database.reading() as connection:
            rows = (await connection.execute(later)).all()
            if rows:
                return rows[-1].number, tuple(row.login_id for row in rows)
            # Less than `after` when an older database was put back: its numbers begin there again. More when somebody
            # was reset between the two statements: that is for the next time.
            newest = await connection.execute(sa.select(sa.func.coalesce(sa.func.max(noted.number), 0)))
            return min(after, newest.scalar_one()), ()

    async def forget_ended_sessions(self, before: float) -> None:
        """See People.forget_ended_sessions. The newest stays: SQLite would give its number to the next one."""
        noted = ended_sessions.c
        newest = sa.select(sa.func.max(noted.number)).scalar_subquery()
        async with self._database.writing() as connection:
            await connection.execute(sa.delete(ended_sessions).where(noted.at < before, noted.number < newest))


def password_attempts(login_id: str) -> str:
    """The name under which wrong passwords at a reset are counted: canonical login IDs have no small letters."""
    return f"password:{login_id}"


async def one_bulk_change_at_a_time(connection: AsyncConnection) -> None:
    """Wait until no other transaction changes many people, and keep others waiting until this one ends: rows are
    locked in no certain order, and notices must become visible in the order of their numbers."""
    if connection.dialect.name == "postgresql":
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_BULK_LOCK)))
