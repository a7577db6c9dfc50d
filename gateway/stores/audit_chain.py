"""The audit chain: each record is authenticated together with the one before it, and both ends are sealed.

    mac(n)  = HMAC(key, "record", mac(n-1), n, at, name, reference, …, detail)      n = 1, 2, 3 … without gaps
    base    = the number and mac of the last record that retention took away        sealed by HMAC(key, "end", …)
    head    = the number and mac of the newest record                               sealed likewise

Whoever can write to the database but has no key ring can change, insert, move or remove no record unnoticed: the next
record's mac no longer fits, or an end's seal. An end that is set back as a whole, records and head together, is told
by a head that was noted elsewhere. The key is made once, sealed by the ring, and kept in the database.

This module computes; `stores.audit` reads and writes.
"""

from __future__ import annotations

import base64
import hmac
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.core.errors import SealBroken
from gateway.stores.base_audit import AuditEvent, NumberedEvent
from gateway.stores.database import Database
from gateway.stores.sealing import KeyRing
from gateway.stores.tables import audit_chain, audit_events, installation

_OWNER = b"audit chain"
_KEY_NAME = {"name": "audit chain key"}
_STORED_KEY = sa.select(installation.c.value).filter_by(**_KEY_NAME)
_TEXTS = ("name", "reference", "actor", "subject", "office", "establishment", "address", "detail")
HEAD, BASE = "head", "base"


class ChainKey:
    """Computes macs of records and seals of ends."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def mac(self, before: str, number: int, row: Mapping[Any, Any]) -> str:
        """The mac of a row of `audit_events` that follows one with the mac `before`. Times count as the eight bytes
        of their double, texts as UTF-8 with their length: one reading only, the same from either database."""
        parts = [struct.pack(">qd", number, row["at"]), *(row[name].encode() for name in _TEXTS)]
        return self._digest(b"record", before.encode(), *parts)

    def seal(self, name: str, number: int, mac: str) -> str:
        """What authenticates an end of the chain."""
        return self._digest(b"end", name.encode(), struct.pack(">q", number), mac.encode())

    def holds(self, end: sa.Row[Any]) -> bool:
        """Whether an end was sealed by this key."""
        return hmac.compare_digest(end.seal, self.seal(end.name, end.number, end.mac))

    def _digest(self, *parts: bytes) -> str:
        return hmac.digest(self._key, b"".join(struct.pack(">I", len(part)) + part for part in parts), "sha256").hex()


class ChainEnds:
    """The key and the two ends in the database, made at their first use."""

    def __init__(self, database: Database, ring: KeyRing, new_key: bytes) -> None:
        """`new_key`: 32 random bytes, used where the database has no key yet."""
        self._database = database
        self._ring = ring
        self._new_key = new_key
        self._key: ChainKey | None = None

    async def key(self, connection: AsyncConnection) -> ChainKey | None:
        """The key that is stored; None before the first record. Raises SealBroken: another ring sealed it."""
        if self._key is None:
            stored = (await connection.execute(_STORED_KEY)).scalar_one_or_none()
            self._key = None if stored is None else ChainKey(self._open(stored))
        return self._key

    async def renew_seal(self, connection: AsyncConnection) -> None:
        """Seal the stored key with the ring's first key, so that an older one may leave the ring. Raises SealBroken."""
        stored = (await connection.execute(_STORED_KEY)).scalar_one_or_none()
        if stored is not None:
            sealed = self._sealed(self._open(stored))
            await connection.execute(sa.update(installation).filter_by(**_KEY_NAME).values(value=sealed))

    async def locked(self, connection: AsyncConnection, name: str) -> tuple[sa.Row[Any], ChainKey, bool]:
        """One end, held until the transaction ends, the key, and whether the end is genuine. A chain that has not
        begun begins after what is recorded already."""
        query = sa.select(audit_chain).where(audit_chain.c.name == name).with_for_update()
        end = (await connection.execute(query)).one_or_none()
        if end is None:
            await self._begin(connection)
            end = (await connection.execute(query)).one()
        key = await self._made_key(connection)
        if not key.holds(end):
            self._key = None  # it may be one whose transaction was undone
            key = await self._made_key(connection)
        return end, key, key.holds(end)

    async def move(self, connection: AsyncConnection, name: str, number: int, mac: str, key: ChainKey) -> None:
        """Set one end."""
        values = {"number": number, "mac": mac, "seal": key.seal(name, number, mac)}
        await connection.execute(sa.update(audit_chain).where(audit_chain.c.name == name).values(values))

    async def _begin(self, connection: AsyncConnection) -> None:
        self._key = None  # what was read before may have been undone: there is an end wherever a key was kept
        key = await self._made_key(connection)
        number = await newest_number(connection)
        rows = [
            {"name": name, "number": number, "mac": "", "seal": key.seal(name, number, "")} for name in (BASE, HEAD)
        ]
        insert = self._database.insert(audit_chain).values(rows)
        await connection.execute(insert.on_conflict_do_nothing(index_elements=["name"]))

    async def _made_key(self, connection: AsyncConnection) -> ChainKey:
        """The key, made in this writing transaction when there is none."""
        key = await self.key(connection)
        if key is None:
            insert = self._database.insert(installation).values(**_KEY_NAME, value=self._sealed(self._new_key))
            await connection.execute(insert.on_conflict_do_nothing(index_elements=["name"]))
            key = await self.key(connection)
        assert key is not None
        return key

    def _sealed(self, key: bytes) -> str:
        return base64.b64encode(self._ring.seal(key, _OWNER)).decode()

    def _open(self, stored: str) -> bytes:
        try:
            return self._ring.open(base64.b64decode(stored, validate=True), _OWNER)
        except ValueError:
            raise SealBroken("the key of the audit chain is damaged") from None


async def newest_number(connection: AsyncConnection) -> int:
    """The number of the newest record, in the chain or not; 0 when there is none."""
    newest = await connection.execute(sa.select(sa.func.coalesce(sa.func.max(audit_events.c.id), 0)))
    return int(newest.scalar_one())


def as_rows(events: Sequence[AuditEvent], key: ChainKey, after: int, mac: str) -> list[dict[str, Any]]:
    """Rows of `audit_events` that follow the record with the number `after` and this mac."""
    rows: list[dict[str, Any]] = []
    for number, event in enumerate(events, after + 1):
        row: dict[str, Any] = {
            "id": number,
            "at": float(event.at),
            "name": _storable(event.name),
            "reference": _storable(event.reference),
            "actor": _storable(event.actor),
            "subject": _storable(event.subject),
            "office": _storable(event.office),
            "establishment": _storable(event.establishment),
            "address": _storable(event.address),
            "detail": _storable(json.dumps(event.detail, ensure_ascii=False, separators=(",", ":"))),
        }
        mac = row["mac"] = key.mac(mac, number, row)
        rows.append(row)
    return rows


def as_event(row: sa.Row[Any]) -> AuditEvent:
    """The event that a row holds."""
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


def as_numbered(row: sa.Row[Any]) -> NumberedEvent:
    """The event with its number."""
    return NumberedEvent(row.id, as_event(row))


def _storable(text: str) -> str:
    """Some characters no database takes: one event with them must not hold up the others of its transaction."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
