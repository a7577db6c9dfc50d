"""Which schema a registry's database has, and bringing it up to this program's.

Alembic is loaded for a migration only: it takes a quarter of the time in which a worker starts.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from gateway.core.errors import GatewayError

_STEPS = Path(__file__).parent / "migrations"
_LOCK = 0x5E4150  # any number that nobody else locks in this database
_VERSION = "alembic_version"


class SchemaMismatch(GatewayError):
    """The database's schema is not the one this program works with; the message says what to do."""


def upgrade(connection: sa.Connection) -> str:
    """Bring the schema up to this program's, inside the caller's transaction; the revision reached.

    Raises SchemaMismatch when the database is newer. Of several processes that start together one upgrades, the
    others wait: on SQLite the transaction holds the write lock already, on PostgreSQL an advisory lock is taken.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    current, head = _current(connection), revisions()[-1]
    _refuse_newer(current)
    if current == head:
        return head
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return head


def check(connection: sa.Connection) -> None:
    """Raise SchemaMismatch unless the schema is exactly this program's."""
    current, head = _current(connection), revisions()[-1]
    _refuse_newer(current)
    if current != head:
        found = "has no tables yet" if current is None else f"has schema {current}"
        raise SchemaMismatch(
            f"the registry's database {found}, this program needs {head}: migrate it first (sekisho migrate FILE)"
        )


def revisions() -> list[str]:
    """Every schema that this program knows, the newest last: step 0002 is in the file r0002_….py."""
    found = sorted(path.name[1:5] for path in (_STEPS / "versions").glob("r[0-9][0-9][0-9][0-9]_*.py"))
    if not found:
        raise SchemaMismatch("the migrations are missing from this installation")
    return found


def _refuse_newer(current: str | None) -> None:
    known = revisions()
    if current is not None and current not in known:
        newer = f"the registry's database has schema {current}, newer than this program's {known[-1]}"
        raise SchemaMismatch(f"{newer}: install the newer one")


def _current(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(_VERSION):
        return None
    version: str | None = connection.execute(sa.text(f"SELECT version_num FROM {_VERSION}")).scalar_one_or_none()  # noqa: S608
    return version
