"""`sekisho code`: the operator issues registration codes, to whom nobody in the office can."""

from __future__ import annotations

import asyncio
import secrets
import time
from datetime import datetime, timedelta
from pathlib import Path

import click

from gateway.cli_loading import loaded
from gateway.cli_reset import canonical_ids, find_people
from gateway.cli_trouble import store_failed
from gateway.config.settings import Configuration
from gateway.core.errors import ConfigRefused, GatewayError, StoreUnavailable

_USUAL_DAYS, _MOST_DAYS = 14, 90


@click.command()
@click.argument("login_ids", metavar="LOGIN_ID...", nargs=-1, required=True)
@click.option(
    "--config",
    "file",
    envvar="SEKISHO_CONFIG",
    default="routes.yaml",
    show_default=True,
    show_envvar=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The configuration of the gateway.",
)
@click.option(
    "--days", default=_USUAL_DAYS, show_default=True, type=click.IntRange(1, _MOST_DAYS), help="How long they are good."
)
def code(login_ids: tuple[str, ...], file: Path, days: int) -> None:
    """Print a registration code for each LOGIN_ID: offices that demand one let nobody enrol without.

    An earlier code of the same person is no good any more. Hand it over where a thief of passwords can't read it.

    Exit code 1: a LOGIN_ID is unknown or enrolled already. 3: a store did not answer.
    """
    asked = canonical_ids(login_ids)
    configuration = loaded(file)
    try:
        asyncio.run(_issue(configuration, asked, days))
    except StoreUnavailable as error:
        store_failed(error, configuration.stores)
    except (GatewayError, ConfigRefused) as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None


async def _issue(configuration: Configuration, asked: tuple[str, ...], days: int) -> None:
    from gateway.app import opened_registry
    from gateway.portal.registration_codes import grouped, new_code, sealed
    from gateway.stores.base_people import RegistrationCode
    from gateway.stores.base_tenants import Stamp
    from gateway.stores.sealing import KeyRing

    now = time.time()  # noqa: TID251  the operator acts now; the gateway's own clock is another process's
    ends = now + timedelta(days=days).total_seconds()
    async with opened_registry(configuration) as registry:
        people, unknown = await find_people(configuration, registry, asked, now)
        for login_id in unknown:
            click.echo(f"{login_id} is unknown to directory and registry.", err=True)
        enrolled = [one.subject.login_id for one in people if one.enrolled_at is not None]
        for login_id in enrolled:
            click.echo(f"{login_id} is enrolled already: `sekisho reset` first.", err=True)
        if unknown or enrolled:
            click.echo("No code was issued.", err=True)
            raise SystemExit(1)
        keys = KeyRing.from_file(configuration.keys_file)
        issued = {one.subject.login_id: new_code() for one in people}
        rows = [RegistrationCode(one, sealed(keys, text, one), now, ends) for one, text in issued.items()]
        await registry.issue_codes(rows, Stamp("operator", now, "", secrets.token_hex(8)))
    until = datetime.fromtimestamp(ends, configuration.service.time_zone)
    for login_id, text in issued.items():
        click.echo(f"{login_id}  {grouped(text)}  until {until:%Y-%m-%d %H:%M}")
