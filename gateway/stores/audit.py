"""The audit record: appended to, never changed."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from gateway.stores.base import AuditEvent
from gateway.stores.database import Database
from gateway.stores.tables import audit_events


class AuditRecords:
    """The part of a Registry that remembers who did what."""

    _database: Database

    async def record(self, event: AuditEvent) -> None:
        """See Registry.record."""
        insert = sa.insert(audit_events).values(
            at=event.at,
            name=event.name,
            reference=event.reference,
            actor=event.actor,
            subject=event.subject,
            office=event.office,
            establishment=event.establishment,
            address=event.address,
            detail=json.dumps(event.detail, ensure_ascii=False),
        )
        async with self._database.writing() as connection:
            await connection.execute(insert)

    async def audit_events(self, reference: str) -> list[AuditEvent]:
        """See Registry.audit_events."""
        events = audit_events.c
        query = sa.select(audit_events).where(events.reference == reference).order_by(events.at, events.id)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [_event(row) for row in rows]


def _event(row: sa.Row[Any]) -> AuditEvent:
    return AuditEvent(
        row.at,
        row.name,
        row.reference,
        row.actor,
        row.subject,
        row.office,
        row.establishment,
        row.address,
        tuple((name, value) for name, value in json.loads(row.detail)),
    )
