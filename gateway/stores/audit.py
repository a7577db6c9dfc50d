"""The audit record: appended to, never changed. Writing and searching."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.core.errors import SealBroken, StoreUnavailable
from gateway.stores.audit_chain import HEAD, ChainEnds, as_event, as_numbered, as_rows, newest_number
from gateway.stores.audit_writer import AuditWriter
from gateway.stores.base_audit import AuditEvent, AuditPage, AuditQuery, NumberedEvent
from gateway.stores.database import Database
from gateway.stores.tables import audit_events

_PIECE = 500  # events at a time
_WINDOW = 20_000  # numbers that one statement of a stream looks at, at first
_WIDEST = 1_000_000
_FORGED = "forged head"  # stands for the mac of what went before: no record has it, so verifying finds the place
_log = logging.getLogger("sekisho.audit")


class AuditRecords:
    """The part of a Registry that remembers who did what."""

    _database: Database
    _ends: ChainEnds
    _writer: AuditWriter

    async def record(self, event: AuditEvent) -> None:
        """See Registry.record. Events that come at once share a transaction."""
        await self._writer.record(event)

    async def _record_all(self, events: Sequence[AuditEvent]) -> None:
        async with self._database.writing() as connection:
            await self._append(connection, events)

    async def _append(self, connection: AsyncConnection, events: Sequence[AuditEvent]) -> None:
        """Append inside the caller's writing transaction, as the last thing that it does: whoever appends holds the
        end of the record until the transaction ends, so nobody may wait for anything else with it in hand.

        An end that is not genuine stops nobody from signing in: the record goes on behind it, and verifying tells.
        """
        if not events:
            return
        try:
            head, key, genuine = await self._ends.locked(connection, HEAD)
        except SealBroken as fault:
            raise StoreUnavailable("registry", f"audit chain: {fault}") from fault
        number, mac = head.number, head.mac
        if not genuine:
            number, mac = await newest_number(connection), _FORGED
            _log.error("the head of the audit chain is forged, records go on after number %d", number)
        for start in range(0, len(events), _PIECE):  # the loop is not held by a bulk change
            rows = as_rows(events[start : start + _PIECE], key, number, mac)
            await connection.execute(sa.insert(audit_events), rows)
            number, mac = rows[-1]["id"], rows[-1]["mac"]
        await self._ends.move(connection, HEAD, number, mac, key)

    async def audit_events(self, reference: str) -> list[AuditEvent]:
        """See Registry.audit_events."""
        events = audit_events.c
        query = sa.select(audit_events).where(events.reference == reference).order_by(events.at, events.id)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [as_event(row) for row in rows]

    async def find_events(self, query: AuditQuery, before: int | None, limit: int) -> AuditPage:
        """See AuditTrail.find_events."""
        within = [] if before is None else [audit_events.c.id < before]
        async with self._database.reading() as connection:
            rows = (await connection.execute(_newest(query, within, limit + 1))).all()
        return AuditPage(tuple(as_numbered(row) for row in rows[:limit]), len(rows) > limit)

    async def every_event(self, query: AuditQuery) -> AsyncIterator[tuple[NumberedEvent, ...]]:
        """See AuditTrail.every_event. No transaction stays open between two pieces, and no statement looks at more
        than a window of numbers; what is appended meanwhile is not part of it."""
        events = audit_events.c
        async with self._database.reading() as connection:
            bounds = sa.select(sa.func.min(events.id) - 1, sa.func.max(events.id))
            after, last = (await connection.execute(bounds)).one()
        window = _WINDOW
        while after is not None and after < last:
            until = min(after + window, last)
            wanted = sa.select(audit_events).where(*_conditions(query), events.id > after, events.id <= until)
            async with self._database.reading() as connection:
                rows = (await connection.execute(wanted.order_by(events.id).limit(_PIECE))).all()
            if rows:
                yield tuple(as_numbered(row) for row in rows)
            full = len(rows) == _PIECE
            after = rows[-1].id if full else until
            window = _WINDOW if full else min(2 * window, _WIDEST)


def _conditions(query: AuditQuery) -> list[sa.ColumnElement[bool]]:
    """What a query asks of one event."""
    events = audit_events.c
    conditions = _plain_conditions(query)
    if query.names:
        conditions.append(events.name.in_(query.names))
    if query.text:
        conditions.append(sa.or_(*(column == query.text for column in _searched())))
    return conditions


def _plain_conditions(query: AuditQuery) -> list[sa.ColumnElement[bool]]:
    events = audit_events.c
    conditions: list[sa.ColumnElement[bool]] = []
    if query.office is not None:
        conditions.append(events.office == query.office)
    if query.since is not None:
        conditions.append(events.at >= query.since)
    if query.until is not None:
        conditions.append(events.at < query.until)
    return conditions


def _searched() -> tuple[sa.Column[Any], ...]:
    events = audit_events.c
    return events.subject, events.actor, events.establishment, events.reference


def _newest(query: AuditQuery, within: list[sa.ColumnElement[bool]], limit: int) -> sa.Select[Any]:
    """The newest events of a query. A text, or names of one office, are looked up one by one, each newest first in an
    index of its own, and merged: an OR would read every event of the office when it finds few."""
    events = audit_events.c
    conditions = [*_plain_conditions(query), *within]
    if query.text:
        # SQLite would read the whole office in order, where an index has the few with this text: it can't see it here.
        conditions = [*_plain_conditions(replace(query, office=None)), *within]
        if query.office is not None:
            conditions.append(sa.func.coalesce(events.office, "") == query.office)
        names = [events.name.in_(query.names)] if query.names else []
        branches = [[column == query.text, *names] for column in _searched()]
    elif query.names and query.office is not None:
        branches = [[events.name == name] for name in query.names]
    else:
        branches = []
        if query.names:
            conditions.append(events.name.in_(query.names))
    if branches:
        found = sa.union(
            *(
                sa.select(
                    sa.select(events.id)
                    .where(*branch, *conditions)
                    .order_by(events.id.desc())
                    .limit(limit)
                    .subquery(f"branch_{number}")
                    .c.id
                )
                for number, branch in enumerate(branches)
            )
        ).subquery("found")
        conditions = [events.id.in_(sa.select(found.c.id))]
    return sa.select(audit_events).where(*conditions).order_by(events.id.desc()).limit(limit)
