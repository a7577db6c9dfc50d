"""The audit record: appended to, never changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.stores.base import AuditEvent
from gateway.stores.database import Database
from gateway.stores.tables import audit_events


class AuditRecords:
    """The part of a Registry that remembers who did what."""

    _database: Database

    async def record(self, event: AuditEvent) -> None:
        """See Registry.record."""
        async with self._database.writing() as connection:
            await self._append(connection, [event])

    async def _append(self, connection: AsyncConnection, events: Sequence[AuditEvent]) -> None:
        """Append inside the caller's writing transaction, as the last thing that it does: whoever appends holds the
        end of the record until the transaction ends, so nobody may wait for anything else with it in hand."""
        rows = [
            {
                "at": event.at,
                "name": event.name,
                "reference": event.reference,
                "actor": event.actor,
                "subject": event.subject,
                "office": event.office,
                "establishment": event.establishment,
                "address": event.address,
                "detail": json.dumps(event.detail, ensure_ascii=False),
            }
            for event in events
        ]
        if rows:
            await connection.execute(sa.insert(audit_events), rows)

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
