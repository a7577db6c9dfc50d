"""Which schema a registry's database has, and bringing it up to this program's."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from gateway.core.errors import GatewayError

_STEPS = Path(__file__).parent / "migrations"
_LOCK = 0x5E4150  # any number that nobody else locks in this database


class SchemaMismatch(GatewayError):
    """The database's schema is not the one this program works with; the message says what to do."""


def upgrade(connection: sa.Connection) -> str:
    """Bring the schema up to this program's, inside the caller's transaction; the revision reached.

    Raises SchemaMismatch when the database is newer. Of several processes that start together one upgrades, the
    others wait: on SQLite the transaction holds the write lock already, on PostgreSQL an advisory lock is taken.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    _refuse_newer(connection)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return _head()


def check(connection: sa.Connection) -> None:
    """Raise SchemaMismatch unless the schema is exactly this program's."""
    _refuse_newer(connection)
    current = _current(connection)
    if current != _head():
        found = "has no tables yet" if current is None else f"has schema {current}"
        raise SchemaMismatch(f"the registry's database {found}, this program needs {_head()}: migrate it first")


def _refuse_newer(connection: sa.Connection) -> None:
    current = _current(connection)
    known = {step.revision for step in _scripts().walk_revisions()}
    if current is not None and current not in known:
        raise SchemaMismatch(
            f"the registry's database has schema {current}, newer than this program's {_head()}: install the newer one"
        )


def _current(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _head() -> str:
    head = _scripts().get_current_head()
    if head is None:
        raise SchemaMismatch("the migrations are missing from this installation")
    return head


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
