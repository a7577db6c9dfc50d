"""Figures from the audit record, for charts."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.core.events import Event
from gateway.core.setting_words import from_words
from gateway.stores.base_audit import DayCount
from gateway.stores.database import Database
from gateway.stores.tables import audit_events

_DAY_SECONDS = 86_400
_PIECE = 5000
_SETTINGS = (Event.ESTABLISHMENT_CHANGED.value, Event.ESTABLISHMENT_UNDONE.value)


class FigureRecords:
    """The part of a Registry that counts what happened."""

    _database: Database

    async def daily_counts(
        self, office: str, names: tuple[str, ...], since: float, offset_seconds: int
    ) -> tuple[DayCount, ...]:
        """See AuditTrail.daily_counts."""
        events = audit_events.c
        async with self._database.reading() as connection:
            day = _day(connection, offset_seconds).label("day")
            query = (
                sa.select(day, events.name, sa.func.count().label("count"))
                .where(events.office == office, events.name.in_(names), events.at >= since)
                .group_by(day, events.name)
                .order_by(day, events.name)
            )
            rows = (await connection.execute(query)).all()
        return tuple(DayCount(*row) for row in rows)

    async def setting_history(self, office: str, since: float) -> tuple[tuple[float, int], ...]:
        """See AuditTrail.setting_history."""
        steps: dict[float, int] = defaultdict(int)
        for name in _SETTINGS:
            await self._add_steps(office, name, since, steps)
        return tuple((at, step) for at, step in sorted(steps.items()) if step)

    async def _add_steps(self, office: str, name: str, since: float, steps: dict[float, int]) -> None:
        """Sum up what events of one name changed, in pieces by time and number: a bulk change has thousands of one
        moment."""
        events = audit_events.c
        mine = sa.and_(events.office == office, events.name == name)
        at, number = since, 0
        while True:
            later = sa.or_(events.at > at, sa.and_(events.at == at, events.id > number))
            query = (
                sa.select(events.id, events.at, events.detail)
                .where(mine, events.at >= at, later)
                .order_by(events.at, events.id)
                .limit(_PIECE)
            )
            async with self._database.reading() as connection:
                rows = (await connection.execute(query)).all()
            for row in rows:
                steps[row.at] += _step(json.loads(row.detail))
            if len(rows) < _PIECE:
                return
            at, number = rows[-1].at, rows[-1].id


def _day(connection: AsyncConnection, offset_seconds: int) -> sa.ColumnElement[int]:
    """Days since 1970-01-01. SQLite cuts off where PostgreSQL rounds, and need not know floor()."""
    days = (audit_events.c.at + float(offset_seconds)) / _DAY_SECONDS
    whole = days if connection.dialect.name == "sqlite" else sa.func.floor(days)
    return sa.cast(whole, sa.Integer)


def _step(detail: Iterable[tuple[str, str]]) -> int:
    """By how much one change altered the number of establishments that use the second factor."""
    found: dict[str, Any] = dict(detail)
    try:
        before, after = from_words(found["before"]), from_words(found["after"])
    except (KeyError, ValueError):
        return 0  # of another version
    return after.uses_second_factor - before.uses_second_factor
