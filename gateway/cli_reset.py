"""`sekisho reset`: the operator forgets people's second factors (E3), beside a gateway that may be running."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import secrets
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from gateway.cli_loading import loaded
from gateway.cli_trouble import store_failed
from gateway.config.settings import Configuration
from gateway.core.errors import ConfigRefused, GatewayError, StoreUnavailable
from gateway.core.events import Event
from gateway.core.subject import Kind, Subject, canonical_login_id
from gateway.core.terminals import harmless
from gateway.stores.base import Registry
from gateway.stores.base_people import Target
from gateway.stores.base_tenants import Stamp

_REASON_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody to reset, and what there is of them. `known_by`: directory, roster, or registry (nobody but it)."""

    subject: Subject
    known_by: str
    enrolled_at: float | None
    locked_until: float | None
    stopped: bool

    def words(self, zone: ZoneInfo) -> str:
        """How they stand."""
        parts = [f"enrolled {_moment(self.enrolled_at, zone)}" if self.enrolled_at is not None else "not enrolled"]
        if self.stopped:
            parts.append("stopped")
        elif self.locked_until is not None:
            parts.append(f"locked until {_moment(self.locked_until, zone)}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Order:
    """What the command was told."""

    login_ids: tuple[str, ...]
    reason: str
    asks: bool
    as_json: bool


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
@click.option("--reason", default="", help="Why; it stands in the audit record.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def reset(login_ids: tuple[str, ...], file: Path, reason: str, *, as_json: bool, yes: bool) -> None:
    """Forget the second factor of each LOGIN_ID, lift locks and end sessions: they enrol again at their next sign-in.

    Nothing is done unless every LOGIN_ID is known.

    Exit code 1: a LOGIN_ID is unknown, or the answer was no. 3: a store did not answer.
    """
    if len(reason) > _REASON_LENGTH:
        raise click.BadParameter(f"at most {_REASON_LENGTH} characters.", param_hint="--reason")
    order = Order(canonical_ids(login_ids), reason, not yes and sys.stdin.isatty(), as_json)
    configuration = loaded(file)
    try:
        asyncio.run(_reset(configuration, order))
    except StoreUnavailable as error:
        store_failed(error, configuration.stores)
    except (GatewayError, ConfigRefused) as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None


def canonical_ids(typed: Sequence[str]) -> tuple[str, ...]:
    """Each login ID once, folded as the gateway folds it. Raises BadParameter."""
    found: dict[str, None] = {}
    for one in typed:
        try:
            found[canonical_login_id(one)] = None
        except ValueError as error:
            raise click.BadParameter(f"{one!r}: {error}.", param_hint="LOGIN_ID") from None
    return tuple(found)


async def _reset(configuration: Configuration, order: Order) -> None:
    from gateway.app import opened_registry

    now = time.time()  # noqa: TID251  the operator acts now; the gateway's own clock is another process's
    zone = configuration.service.time_zone
    async with opened_registry(configuration) as registry:
        people, unknown = await find_people(configuration, registry, order.login_ids, now)
        for login_id in unknown:
            click.echo(f"{login_id} is unknown to directory and registry.", err=True)
        if unknown:
            click.echo("Nobody was reset.", err=True)
            raise SystemExit(1)
        if order.asks and not _agreed(people, zone):
            raise SystemExit(1)
        stamp = Stamp("operator", now, "", secrets.token_hex(8))
        await registry.reset_all(
            [Target(one.subject.login_id, one.subject.office, one.subject.establishment) for one in people],
            stamp,
            Event.FACTOR_RESET_BY_OPERATOR.value,
            _detail(order.reason),
        )
    _say(people, stamp.reference, zone, as_json=order.as_json)
    await _end_sessions(configuration, [one.subject.login_id for one in people])


async def find_people(
    configuration: Configuration, registry: Registry, login_ids: Sequence[str], now: float
) -> tuple[list[Found], list[str]]:
    """Everybody who is known, and the IDs of whom nothing is known anywhere."""
    from gateway.directory.building import build

    people: dict[str, Found] = {}
    unknown: list[str] = []
    async with AsyncExitStack() as stack:
        directory = build(configuration.directory)
        stack.push_async_callback(directory.close)
        for login_id in login_ids:
            subject = await directory.subject(login_id)
            one = await _standing(registry, login_id, subject, now)
            if one is None:
                unknown.append(login_id)
            else:
                people[one.subject.login_id] = one
    return list(people.values()), unknown


async def _standing(registry: Registry, login_id: str, subject: Subject | None, now: float) -> Found | None:
    known_by = "directory"
    if subject is None:
        row = await registry.person_row(login_id, now)
        known_by = "registry" if row is None else "roster"
        subject = (
            Subject(login_id, Kind.UNKNOWN)
            if row is None
            else Subject(login_id, Kind(row.kind), row.office, row.establishment, row.employee, row.role, row.name)
        )
    factor = await registry.second_factor(subject.login_id)
    lock = await registry.lock_state(subject.login_id)
    if known_by == "registry" and factor is None and not lock.total:
        return None
    locked_until = lock.locked_until if lock.locked_until is not None and lock.locked_until > now else None
    return Found(subject, known_by, factor.enrolled_at if factor is not None else None, locked_until, lock.stopped)


def _agreed(people: Sequence[Found], zone: ZoneInfo) -> bool:
    for one in people:
        click.echo(f"{_name(one)}: {one.words(zone)}", err=True)
    return click.confirm(f"Reset these {len(people)} people?" if len(people) > 1 else "Reset this person?", err=True)


def _detail(reason: str) -> tuple[tuple[str, str], ...]:
    """Who called the command, as far as the machine knows, and why."""
    who = (("by", "operator"), ("user", pwd.getpwuid(os.getuid()).pw_name))
    return (*who, ("reason", reason)) if reason else who


def _say(people: Sequence[Found], reference: str, zone: ZoneInfo, *, as_json: bool) -> None:
    if as_json:
        click.echo(
            json.dumps({"reference": reference, "reset": [_document(one) for one in people]}, ensure_ascii=False)
        )
        return
    for one in people:
        nothing = one.enrolled_at is None and one.locked_until is None and not one.stopped
        click.echo(f"{_name(one)}: " + ("there was nothing to reset" if nothing else f"reset, was {one.words(zone)}"))
    click.echo(f"Reference {reference}.")


def _document(one: Found) -> dict[str, str | float | bool | None]:
    subject = one.subject
    return {
        "login_id": subject.login_id,
        "name": subject.name,
        "office": subject.office,
        "establishment": subject.establishment,
        "known_by": one.known_by,
        "enrolled_at": one.enrolled_at,
        "locked_until": one.locked_until,
        "stopped": one.stopped,
    }


async def _end_sessions(configuration: Configuration, login_ids: Sequence[str]) -> None:
    """Sessions in Redis end here; those in a gateway's memory are ended by it within a second."""
    if configuration.stores.sessions == "memory":
        return
    from gateway.stores.redis import RedisSessions

    store = RedisSessions(configuration.stores.sessions, time.time)  # noqa: TID251  nothing is stored, only removed
    try:
        for login_id in login_ids:
            await store.remove_owner(login_id)
    except StoreUnavailable:
        click.echo("They are reset, but their open sessions could not be ended. Call this again.", err=True)
        raise
    finally:
        await store.close()


def _name(one: Found) -> str:
    return harmless(f"{one.subject.login_id} {one.subject.name}".strip())


def _moment(at: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}"
