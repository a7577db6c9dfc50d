"""`sekisho migrate`: the registry's schema, brought up to this version."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from gateway.cli_loading import loaded
from gateway.cli_trouble import store_failed
from gateway.core.errors import GatewayError, StoreUnavailable


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def migrate(file: Path) -> None:
    """Bring the registry that FILE names up to this version. Once before the first start on PostgreSQL, and after
    an update; SQLite is migrated at the start by itself. Exit code 3: the database did not answer."""
    from gateway.stores.registry import migrate as run

    configuration = loaded(file)
    try:
        revision = asyncio.run(run(configuration.stores.registry))
    except StoreUnavailable as error:
        store_failed(error, configuration.stores)
    except GatewayError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None
    click.echo(f"The registry is at {revision}.")
