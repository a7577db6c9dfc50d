"""Lock-outs: wrong codes of a login ID, counted before they are evaluated (R-012)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.core.errors import StoreUnavailable
from gateway.core.lockout import Attempt, Locked, LockoutLimits, LockState, Reserved, Stopped
from gateway.stores.database import Database
from gateway.stores.tables import lockouts

_ROUNDS = 5  # a refusal whose reason a reset took away before it could be read is asked again
_COUNTERS = (lockouts.c.failures, lockouts.c.total, lockouts.c.locked_until, lockouts.c.stopped)


class LockoutRecords:
    """The part of a Registry that counts attempts."""

    _database: Database

    async def reserve_attempt(self, login_id: str, now: float, limits: LockoutLimits) -> Attempt:
        """See Registry.reserve_attempt."""
        reserve = self._reservation(login_id, now, limits)
        for _ in range(_ROUNDS):
            async with self._database.writing() as connection:
                row = (await connection.execute(reserve)).one_or_none()
                if row is not None:
                    return _reserved(LockState(*row), limits)
                state = await _state(connection, login_id)
            if state.stopped and limits.stop_after is not None:
                return Stopped()
            if state.locked_until is not None and state.locked_until > now:
                return Locked(state.locked_until)
        raise StoreUnavailable("registry", "a lock-out changed too often to be read")

    async def give_back_attempt(self, login_id: str, attempt: Reserved) -> None:
        """See Registry.give_back_attempt."""
        counted = lockouts.c
        values = {"failures": counted.failures - 1, "total": counted.total - 1}
        if attempt.locked_until is not None:
            mine = counted.locked_until == attempt.locked_until
            values["locked_until"] = sa.case((mine, sa.null()), else_=counted.locked_until)
        if attempt.stopped:
            values["stopped"] = sa.false()
        # A count of zero is one that began anew meanwhile: this attempt is not in it.
        theirs = sa.and_(counted.login_id == login_id, counted.failures > 0, counted.total > 0)
        async with self._database.writing() as connection:
            await connection.execute(sa.update(lockouts).where(theirs).values(values))

    async def clear_attempts(self, login_id: str) -> None:
        """See Registry.clear_attempts."""
        async with self._database.writing() as connection:
            await connection.execute(sa.delete(lockouts).where(lockouts.c.login_id == login_id))

    async def lock_state(self, login_id: str) -> LockState:
        """See Registry.lock_state."""
        async with self._database.reading() as connection:
            return await _state(connection, login_id)

    def _reservation(self, login_id: str, now: float, limits: LockoutLimits) -> sa.Executable:
        """The one statement that counts and locks. It gives no row when nothing may be evaluated now."""
        ends = now + limits.lock_seconds
        insert = self._database.insert(lockouts).values(
            login_id=login_id,
            failures=1,
            total=1,
            locked_until=ends if limits.tries <= 1 else None,
            stopped=limits.stop_after is not None and limits.stop_after <= 1,
        )
        # The condition below lets through only a lock whose time has come: the count begins anew.
        failures = sa.case((lockouts.c.locked_until.is_not(None), 1), else_=lockouts.c.failures + 1)
        total = lockouts.c.total + 1
        unlocked = sa.or_(lockouts.c.locked_until.is_(None), lockouts.c.locked_until <= now)
        stops = sa.false() if limits.stop_after is None else total >= limits.stop_after
        return insert.on_conflict_do_update(
            index_elements=[lockouts.c.login_id],
            set_={
                "failures": failures,
                "total": total,
                "locked_until": sa.case((failures >= limits.tries, sa.literal(ends, sa.Double)), else_=sa.null()),
                "stopped": stops,
            },
            where=unlocked if limits.stop_after is None else sa.and_(unlocked, sa.not_(lockouts.c.stopped)),
        ).returning(*_COUNTERS)


async def _state(connection: AsyncConnection, login_id: str) -> LockState:
    query = sa.select(*_COUNTERS).where(lockouts.c.login_id == login_id)
    row = (await connection.execute(query)).one_or_none()
    return LockState() if row is None else LockState(*row)


def _reserved(state: LockState, limits: LockoutLimits) -> Reserved:
    left = limits.tries - state.failures
    if limits.stop_after is not None:
        left = min(left, limits.stop_after - state.total)
    return Reserved(max(left, 0), state.locked_until, state.stopped)
