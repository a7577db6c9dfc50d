"""Alembic's entry: runs the steps on the connection that `gateway.stores.schema` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from gateway.stores.tables import metadata


def run() -> None:
    """Run the steps that Alembic chose."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # the name under which Alembic executes this file; an ordinary import runs nothing
    run()
