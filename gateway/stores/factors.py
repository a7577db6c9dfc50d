"""Second factors and enrolments that are not confirmed yet.

Every transaction here touches rows in the order pending enrolment, second factor, lock-out, registration code: none
waits for another that waits for it.
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.stores.base import AlreadyEnrolled, PendingEnrolment, SecondFactor
from gateway.stores.database import Database
from gateway.stores.tables import lockouts, pending_enrolments, registration_codes, second_factors


class _WrongCode(Exception):
    """The registration code is not the one that is good now."""


class FactorRecords:
    """The part of a Registry that speaks of second factors."""

    _database: Database

    async def second_factor(self, login_id: str) -> SecondFactor | None:
        """See Registry.second_factor."""
        columns = second_factors.c
        query = sa.select(columns.secret, columns.enrolled_at, columns.last_step).where(columns.login_id == login_id)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else SecondFactor(login_id, *row)

    async def begin_enrolment(
        self, login_id: str, secret: bytes, owner: str, now: float, expires_at: float
    ) -> PendingEnrolment | AlreadyEnrolled:
        """See Registry.begin_enrolment."""
        pending = pending_enrolments.c
        insert = self._database.insert(pending_enrolments).values(
            login_id=login_id, secret=secret, nonce=secrets.token_urlsafe(16), owner=owner, expires_at=expires_at
        )
        goes_on = sa.and_(pending.owner == insert.excluded.owner, pending.expires_at > now)
        upsert = insert.on_conflict_do_update(
            index_elements=[pending.login_id],
            set_={
                "secret": sa.case((goes_on, pending.secret), else_=insert.excluded.secret),
                "nonce": sa.case((goes_on, pending.nonce), else_=insert.excluded.nonce),
                "owner": insert.excluded.owner,
                "expires_at": insert.excluded.expires_at,
            },
        ).returning(pending.secret, pending.nonce, pending.expires_at)
        async with self._database.writing() as connection:
            row = (await connection.execute(upsert)).one()
            # Asked after the upsert: that waited for a confirmation under way, so its outcome is seen here.
            enrolled = await connection.execute(
                sa.select(second_factors.c.login_id).where(second_factors.c.login_id == login_id)
            )
            if enrolled.one_or_none() is not None:
                await connection.execute(sa.delete(pending_enrolments).where(pending.login_id == login_id))
                return AlreadyEnrolled()
        return PendingEnrolment(login_id, *row)

    async def pending_enrolment(self, login_id: str, nonce: str, now: float) -> PendingEnrolment | None:
        """See Registry.pending_enrolment."""
        pending = pending_enrolments.c
        query = sa.select(pending.secret, pending.nonce, pending.expires_at).where(
            pending.login_id == login_id, pending.nonce == nonce, pending.expires_at > now
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else PendingEnrolment(login_id, *row)

    async def confirm_enrolment(
        self, login_id: str, nonce: str, step: int, now: float, *, address: str = "", code: bytes | None = None
    ) -> bool:
        """See Registry.confirm_enrolment."""
        try:
            async with self._database.writing() as connection:
                return await self._confirm(connection, login_id, nonce, (step, now, address), code)
        except _WrongCode:
            return False

    async def _confirm(
        self,
        connection: AsyncConnection,
        login_id: str,
        nonce: str,
        use: tuple[int, float, str],
        code: bytes | None,
    ) -> bool:
        """Raises _WrongCode, which undoes the transaction."""
        pending, codes, (step, now, address) = pending_enrolments.c, registration_codes.c, use
        claim = (
            sa.delete(pending_enrolments)
            .where(pending.login_id == login_id, pending.nonce == nonce, pending.expires_at > now)
            .returning(pending.secret)
        )
        secret = (await connection.execute(claim)).scalar_one_or_none()
        if secret is None:
            return False
        # A second factor is never overwritten, however this pending secret came to be beside it.
        insert = self._database.insert(second_factors).values(
            login_id=login_id, secret=secret, enrolled_at=now, used_at=now, last_step=step, enrolled_from=address
        )
        stored = await connection.execute(insert.on_conflict_do_nothing(index_elements=["login_id"]))
        if stored.rowcount != 1:
            return False
        await connection.execute(sa.delete(lockouts).where(lockouts.c.login_id == login_id))
        # One that was not asked for goes too: there is nothing left that it could allow.
        good = sa.true() if code is None else sa.and_(codes.code == code, codes.expires_at > now)
        spent = await connection.execute(sa.delete(registration_codes).where(codes.login_id == login_id, good))
        if code is not None and spent.rowcount != 1:
            raise _WrongCode
        return True

    async def accept_step(self, login_id: str, step: int, now: float) -> bool:
        """See Registry.accept_step."""
        columns = second_factors.c
        claim = (
            sa.update(second_factors)
            .where(columns.login_id == login_id, columns.last_step < step)
            .values(last_step=step, used_at=now)
        )
        async with self._database.writing() as connection:
            if (await connection.execute(claim)).rowcount != 1:
                return False
            await connection.execute(sa.delete(lockouts).where(lockouts.c.login_id == login_id))
        return True
