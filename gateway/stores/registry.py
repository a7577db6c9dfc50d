"""The registry in SQL: durable records, put together from one module per noun.

`factors` has second factors and enrolments, `lockouts` attempts and locks, `roster` who exists, `tenant_settings` what
offices and establishments set, `setting_changes` changes of many at once, `drafts` unfinished work, `people` how
everybody stands, `resets` what is forgotten of them, `registration_codes` codes that allow an enrolment, `readiness`
who will be stopped, `audit` who did what (`audit_verify` whether that is all, `audit_figures` how often).
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa

from gateway.stores.audit import AuditRecords
from gateway.stores.audit_chain import ChainEnds
from gateway.stores.audit_figures import FigureRecords
from gateway.stores.audit_verify import ChainRecords
from gateway.stores.audit_writer import AuditWriter
from gateway.stores.database import Database, migrate
from gateway.stores.drafts import DraftRecords
from gateway.stores.factors import FactorRecords
from gateway.stores.lockouts import LockoutRecords
from gateway.stores.outage import Outage
from gateway.stores.people import PeopleRecords
from gateway.stores.readiness import ReadinessRecords
from gateway.stores.registration_codes import RegistrationCodeRecords
from gateway.stores.resets import ResetRecords
from gateway.stores.roster import RosterRecords
from gateway.stores.schema import SchemaMismatch
from gateway.stores.sealing import KeyRing
from gateway.stores.setting_changes import ChangeRecords
from gateway.stores.tables import installation

__all__ = ["SchemaMismatch", "SqlRegistry", "migrate"]


class SqlRegistry(
    FactorRecords,
    LockoutRecords,
    ChangeRecords,
    RosterRecords,
    DraftRecords,
    PeopleRecords,
    ResetRecords,
    RegistrationCodeRecords,
    ReadinessRecords,
    AuditRecords,
    ChainRecords,
    FigureRecords,
):
    """A Registry on SQLite or PostgreSQL. `start` before use, `close` at the end."""

    def __init__(self, url: str, keys: KeyRing, outage: Outage | None = None) -> None:
        """`url`: `sqlite:///path` or `postgresql://…`. `keys` seal the key of the audit chain. `outage` tells the log.
        Raises ValueError."""
        self._database = Database(url, outage)
        self._ends = ChainEnds(self._database, keys, secrets.token_bytes(32))
        self._writer = AuditWriter(self._record_all)

    async def start(self, *, migrate: bool = True) -> None:
        """Migrate an SQLite file unless another process does, check a PostgreSQL schema.

        Raises SchemaMismatch, StoreUnavailable.
        """
        await self._database.start(migrate=migrate)

    async def note_fingerprint(self, fingerprint: str) -> str:
        """Note which key seals what is stored here, unless one is noted already; the one noted.

        Start-up compares it with the key ring: with another ring every second factor would be lost without a word.
        """
        key = {"name": "key fingerprint"}
        insert = self._database.insert(installation).values(**key, value=fingerprint)
        async with self._database.writing() as connection:
            await connection.execute(insert.on_conflict_do_nothing(index_elements=["name"]))
            noted = await connection.execute(sa.select(installation.c.value).filter_by(**key))
            return str(noted.scalar_one())

    async def replace_fingerprint(self, fingerprint: str) -> None:
        """Note a new key after a rotation of the ring."""
        key = {"name": "key fingerprint"}
        async with self._database.writing() as connection:
            await connection.execute(sa.update(installation).filter_by(**key).values(value=fingerprint))

    async def ping(self) -> None:
        """See Registry.ping."""
        async with self._database.reading() as connection:
            await connection.execute(sa.select(1))

    async def close(self) -> None:
        """See Registry.close. What waits to be recorded is recorded first."""
        await self._writer.close()
        await self._database.close()
