"""Verifying the audit chain, and retention, which moves its beginning."""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from gateway.stores.audit_chain import BASE, HEAD, ChainEnds, ChainKey
from gateway.stores.base_audit import ChainFault, ChainReport
from gateway.stores.database import Database
from gateway.stores.tables import audit_chain, audit_events

_PIECE = 1000  # records read at a time
_PRUNED_AT_ONCE = 1000  # records that one transaction takes away
_FAULTS_TOLD = 100  # a chain of another key has a fault in every record
_log = logging.getLogger("sekisho.audit")


@dataclass(slots=True)
class _Walk:
    """Where a walk stands, and what it found."""

    number: int
    mac: str
    count: int = 0
    noted: tuple[int, str] | None = None
    faults: list[ChainFault] = field(default_factory=list)

    def fault(self, number: int, what: str) -> None:
        if len(self.faults) < _FAULTS_TOLD:
            self.faults.append(ChainFault(number, what))

    def take(self, row: sa.Row[Any], key: ChainKey) -> None:
        """The next record. After a gap its own mac can't be judged, the one after it can."""
        if row.id != self.number + 1:
            self.fault(self.number + 1, "missing")
        elif row.mac != key.mac(self.mac, row.id, row._mapping):  # noqa: SLF001 (public: named like a namedtuple's)
            self.fault(row.id, "changed")
        self.number, self.mac = row.id, row.mac
        self.count += 1
        self.compare()

    def compare(self) -> None:
        """The head that was noted elsewhere must be met on the way."""
        if self.noted is not None and self.noted[0] == self.number and self.noted[1] != self.mac:
            self.fault(self.number, "head")


class ChainRecords:
    """The part of a Registry that answers for the audit record as a whole."""

    _database: Database
    _ends: ChainEnds

    async def verify_chain(self, expected_head: str = "") -> ChainReport:
        """See AuditTrail.verify_chain. Raises SealBroken when the ring is another one, ValueError for a head that is
        none."""
        noted = _noted(expected_head)
        async with self._database.reading() as connection:
            key = await self._ends.key(connection)
        base, head = await self._end(BASE), await self._end(HEAD)
        if key is None or base is None or head is None:
            return await self._without_chain(base, head, noted)
        walk = _Walk(base.number, base.mac, noted=noted)
        unchained = await self._unchained(base, walk)
        if not key.holds(base):
            walk.fault(base.number, "base")
        walk.compare()
        await self._records(walk, head.number, key)
        if walk.number < head.number:
            walk.fault(walk.number + 1, "missing")
        if not key.holds(head) or (walk.number == head.number and walk.mac != head.mac):
            walk.fault(head.number, "head")
        await self._behind_head(walk)
        if noted is not None and noted[0] > head.number:
            walk.fault(noted[0], "missing")
        faults = tuple(walk.faults)
        return ChainReport(base.number + 1, walk.number, walk.count, unchained, f"{head.number}:{head.mac}", faults)

    async def prune_events(self, before: float, at_most: int) -> int:
        """See AuditTrail.prune_events. Only whole beginnings go: a record that is dated later, by a clock that was
        wrong, keeps those behind it until its own time has come."""
        gone = 0
        while gone < at_most:
            pruned = await self._prune(before, min(_PRUNED_AT_ONCE, at_most - gone))
            gone += pruned
            if pruned == 0:
                break
        return gone

    async def prepare_chain(self) -> None:
        """Open the chain's key, and seal it anew with the ring's first one. Raises SealBroken, StoreUnavailable."""
        async with self._database.writing() as connection:
            await self._ends.renew_seal(connection)

    async def _records(self, walk: _Walk, last: int, key: ChainKey) -> None:
        """Walk to the record `last`, in pieces."""
        events = audit_events.c
        while True:
            piece = sa.select(audit_events).where(events.id > walk.number, events.id <= last)
            async with self._database.reading() as connection:
                rows = (await connection.execute(piece.order_by(events.id).limit(_PIECE))).all()
            whole = bool(rows) and rows[0].id == walk.number + 1
            if not whole and await self._follow_base(walk, key):
                continue
            for row in rows:
                walk.take(row, key)
            if len(rows) < _PIECE:
                return

    async def _follow_base(self, walk: _Walk, key: ChainKey) -> bool:
        """Go on at the base when retention has just taken away what would have come next; whether it has."""
        base = await self._end(BASE)
        if base is None or base.number <= walk.number or not key.holds(base):
            return False
        walk.number, walk.mac = base.number, base.mac
        walk.compare()
        return True

    async def _unchained(self, base: sa.Row[Any], walk: _Walk) -> int:
        """Records from before the chain. One that was in it and stands before its base is a base set forward."""
        events = audit_events.c
        chained = sa.func.min(sa.case((events.mac != "", events.id)))
        query = sa.select(sa.func.count(), chained).where(events.id <= base.number)
        async with self._database.reading() as connection:
            count, found = (await connection.execute(query)).one()
        if found is not None:
            walk.fault(found, "base")
        return int(count)

    async def _behind_head(self, walk: _Walk) -> None:
        """A record behind the head was put there by somebody else. Asked in one statement: appending goes on."""
        newest = sa.select(sa.func.max(audit_events.c.id)).scalar_subquery()
        query = sa.select(audit_chain.c.number).where(audit_chain.c.name == HEAD, newest > audit_chain.c.number)
        async with self._database.reading() as connection:
            head = (await connection.execute(query)).scalar_one_or_none()
        if head is not None:
            walk.fault(head + 1, "head")

    async def _without_chain(
        self, base: sa.Row[Any] | None, head: sa.Row[Any] | None, noted: tuple[int, str] | None
    ) -> ChainReport:
        """No record was ever chained, or what says so is gone."""
        events = audit_events.c
        chained = sa.func.min(sa.case((events.mac != "", events.id)))
        async with self._database.reading() as connection:
            count, found = (await connection.execute(sa.select(sa.func.count(), chained))).one()
        faults = []
        if found is not None or base is not None or head is not None:
            faults.append(ChainFault(found or 0, "head" if head is None else "base"))
        if noted is not None and noted[0] > 0:
            faults.append(ChainFault(noted[0], "missing"))
        return ChainReport(1, 0, 0, int(count), "", tuple(faults))

    async def _end(self, name: str) -> sa.Row[Any] | None:
        async with self._database.reading() as connection:
            return (await connection.execute(sa.select(audit_chain).where(audit_chain.c.name == name))).one_or_none()

    async def _prune(self, before: float, at_most: int) -> int:
        """One transaction of retention."""
        events = audit_events.c
        oldest = sa.select(events.id, events.at, events.mac).order_by(events.id).limit(at_most)
        async with self._database.writing() as connection:
            base, key, genuine = await self._ends.locked(connection, BASE)
            rows = (await connection.execute(oldest)).all()
            past = list(itertools.takewhile(lambda row: row.at < before, rows))
            if not past:
                return 0
            if past[-1].id > base.number:
                if not genuine:
                    _log.error("the base of the audit chain is forged: nothing is pruned")
                    return 0
                await self._ends.move(connection, BASE, past[-1].id, past[-1].mac, key)
            await connection.execute(sa.delete(audit_events).where(events.id <= past[-1].id))
        return len(past)


def _noted(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    number, colon, mac = text.partition(":")
    if not colon or not number.isascii() or not number.isdigit():
        raise ValueError("a head is written NUMBER:MAC")
    return int(number), mac
