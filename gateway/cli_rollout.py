"""`sekisho rollout`: who will be stopped on a date, before it comes (F4)."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from gateway.cli_loading import configuration_file, loaded
from gateway.cli_trouble import store_failed
from gateway.config.settings import Configuration
from gateway.core.errors import GatewayError, StoreUnavailable
from gateway.core.spreadsheets import guarded
from gateway.core.terminals import harmless
from gateway.core.typed_dates import typed_date
from gateway.stores.base import Registry
from gateway.stores.base_audit import OfficeReadiness, Readiness, ReadinessRules, UnreadyPerson
from gateway.stores.readiness_rules import rules_at

_HEADINGS = ("office", "people", "enrolled", "not_enrolled", "stopped", "restricted_only", "unaffected", "barred")
_PERSON_HEADINGS = ("office", "establishment", "login_id", "name", "on_that_day")
_STOPPED, _RESTRICTED = "stopped", "restricted_only"


@dataclass(frozen=True, slots=True)
class Order:
    """What the command was told. `typed` empty: the mandatory date."""

    typed: str
    office: str | None
    people: bool
    form: str  # lines, csv or json
    reads: bool


@click.command()
@configuration_file
@click.option("--at", "typed", default="", metavar="DATE", help="2027-04-01 (its end) or 2027-04-01T09:00.")
@click.option("--office", help="Of this office alone.")
@click.option("--people", is_flag=True, help="Who they are, instead of how many.")
@click.option("--read", "reads", is_flag=True, help="First read every list of the operator's database anew.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def rollout(
    file: Path, typed: str, office: str | None, *, people: bool, reads: bool, as_csv: bool, as_json: bool
) -> None:
    """Say by office who will be without a code on a date, by what is enrolled and set until now.

    FILE gives the dates and defaults; people and settings are those that the gateway has in its registry: who is
    listed by file or database, and who signed in. Without --at: the mandatory date of FILE.

    \b
    stopped          not enrolled; can do nothing before they enrol
    restricted_only  not enrolled; what their establishment exempts goes on
    unaffected       need no code then
    barred           locked, or stopped after too many wrong codes
    """  # noqa: D301 - \b is click's mark for lines that stay
    if as_csv and as_json:
        raise click.UsageError("--csv and --json exclude each other.")
    configuration = loaded(file)
    order = Order(typed, office, people, "csv" if as_csv else "json" if as_json else "lines", reads)
    rules = _rules(configuration, order.typed)
    try:
        asyncio.run(_answer(configuration, order, rules))
    except StoreUnavailable as error:
        store_failed(error, configuration.stores)
    except GatewayError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None


def _rules(configuration: Configuration, typed: str) -> ReadinessRules:
    tenants, dates = configuration.tenants, configuration.policy.rollout
    at = dates.mandatory_from
    if typed:
        at = moment(typed, configuration.service.time_zone)
    if at is None:
        raise click.UsageError("the file has no rollout.mandatory_from: say --at DATE.")
    return rules_at(at, dates, tenants.office_default, tenants.establishment_default)


def moment(typed: str, zone: ZoneInfo) -> float:
    """A date alone is its last second: what happens on that day has happened. Raises click.BadParameter."""
    day = typed_date(typed)
    try:
        if day is not None:
            return datetime.combine(day + timedelta(days=1), time_of_day(), zone).timestamp() - 1
        local = datetime.fromisoformat(typed)
    except (ValueError, OverflowError):
        raise click.BadParameter("write 2027-04-01 or 2027-04-01T09:00.", param_hint="--at") from None
    return (local if local.tzinfo else local.replace(tzinfo=zone)).timestamp()


async def _answer(configuration: Configuration, order: Order, rules: ReadinessRules) -> None:
    from gateway.app import opened_registry

    zone = configuration.service.time_zone
    async with opened_registry(configuration) as registry:
        if order.reads:
            await _read(configuration, registry)
        if order.people:
            await _people(registry, order, rules)
            return
        offices = await registry.readiness(rules, order.office)
    if order.form == "json":
        click.echo(_document(offices, rules, zone))
    elif order.form == "csv":
        click.echo(_csv([_HEADINGS, *map(_cells, offices)]), nl=False)
    else:
        _table(offices, rules, zone)


async def _read(configuration: Configuration, registry: Registry) -> None:
    """Everybody whom the operator's database lists, not those alone whose list a page has opened. What can't be read
    is told, and what was read before counts."""
    from gateway.directory.building import build
    from gateway.roster import RosterKeeper
    from gateway.roster_reading import known_offices, read_everything

    sql = configuration.directory.sql
    if sql is None or not sql.people_query:
        click.echo("directory.sql lists nobody: there is nothing to read.", err=True)
        return
    default = configuration.tenants.establishment_default
    async with AsyncExitStack() as stack:
        directory = build(configuration.directory)
        stack.push_async_callback(directory.close)
        keeper = RosterKeeper(registry, directory, configuration, time.time, time.monotonic)  # noqa: TID251  notes when a list was read
        stack.push_async_callback(keeper.close)
        rules = rules_at(0.0, configuration.policy.rollout, default, default)
        offices = known_offices(configuration, [row.office for row in await registry.readiness(rules)])
        reading = await read_everything(keeper, registry, offices, default)
    for office, establishment in reading.failed:
        click.echo(
            f"not read: office {office}" + (f", establishment {establishment}" if establishment else ""), err=True
        )
    click.echo(f"{reading.lists:,} lists, {len(reading.failed):,} of them not read.", err=True)


async def _people(registry: Readiness, order: Order, rules: ReadinessRules) -> None:
    """As they come: a list of a million is not gathered first."""
    found = registry.unready_people(rules, order.office)
    if order.form == "json":
        async for person in _each(found):
            click.echo(json.dumps(asdict(person), ensure_ascii=False))
        return
    if order.form == "csv":
        click.echo(_csv([_PERSON_HEADINGS]), nl=False)
    count = 0
    async for person in _each(found):
        count += 1
        state = _RESTRICTED if person.exempt else _STOPPED
        cells = (person.office, person.establishment, person.login_id, person.name, state)
        line = _csv([cells]) if order.form == "csv" else harmless("  ".join(cell or "-" for cell in cells))
        click.echo(line, nl=order.form != "csv")
    if order.form == "lines":
        click.echo(f"{count:,} people are not enrolled and will need a code.")


async def _each(pieces: AsyncIterator[tuple[UnreadyPerson, ...]]) -> AsyncIterator[UnreadyPerson]:
    async for piece in pieces:
        for person in piece:
            yield person


def _table(offices: Sequence[OfficeReadiness], rules: ReadinessRules, zone: ZoneInfo) -> None:
    click.echo(f"At {datetime.fromtimestamp(rules.at, zone):%Y-%m-%d %H:%M} ({zone.key}): {_holds(rules)}.")
    rows = [_HEADINGS, *map(_cells, offices)]
    if len(offices) != 1:
        rows.append(("all", *(str(sum(int(_cells(office)[index]) for office in offices)) for index in range(1, 8))))
    widths = [max(_width(row[index]) for row in rows) for index in range(len(_HEADINGS))]
    for row in rows:
        first, *others = [
            _padded(cell, width, left=index == 0) for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join([first, *others]).rstrip())


def _holds(rules: ReadinessRules) -> str:
    if rules.mandatory:
        return "everybody needs a code, whatever is set"
    if rules.nobody:
        return "nobody is asked for a code yet"
    return "those need a code whose office and establishment use it"


def _document(offices: Sequence[OfficeReadiness], rules: ReadinessRules, zone: ZoneInfo) -> str:
    at = datetime.fromtimestamp(rules.at, zone).isoformat(timespec="minutes")
    found = {
        "at": at,
        "mandatory": rules.mandatory,
        "nobody": rules.nobody,
        "offices": [asdict(one) for one in offices],
    }
    return json.dumps(found, ensure_ascii=False, indent=2)


def _cells(office: OfficeReadiness) -> tuple[str, ...]:
    figures = asdict(office)
    return tuple(str(figures[name]) for name in _HEADINGS)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([guarded(cell) for cell in row] for row in rows)
    return text.getvalue()


def _width(text: str) -> int:
    """Columns on a terminal: Japanese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int, *, left: bool) -> str:
    gap = " " * (width - _width(text))
    return text + gap if left else gap + text
