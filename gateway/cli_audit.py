"""`sekisho audit`: whether the record is whole, and the record itself, for programs and for a file."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Coroutine, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import click

from gateway.cli_loading import configuration_file, loaded
from gateway.cli_trouble import store_failed
from gateway.config.settings import Configuration
from gateway.core.errors import GatewayError, StoreUnavailable
from gateway.core.events import GROUPS, EventGroup
from gateway.core.spreadsheets import guarded
from gateway.core.subject import canonical_login_id
from gateway.core.typed_dates import typed_date
from gateway.stores.base_audit import AuditEvent, AuditQuery, ChainFault, ChainReport, NumberedEvent

_T = TypeVar("_T")
_HEADINGS = (
    "number", "at", "name", "actor", "subject", "office", "establishment", "address", "reference", "detail",
)  # fmt: skip
_FAULTS = {
    "changed": "the record was changed, or written by somebody without the key",
    "missing": "one or more records are missing from here on",
    "head": "the end of the record is not the one that was written last",
    "base": "the beginning of the record is not where retention left it",
}


@click.group()
def audit() -> None:
    """Verify the audit record, or print it."""


@audit.command()
@configuration_file
@click.option("--head", default="", metavar="N:MAC", help="A head noted earlier: it must still be part of the record.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(file: Path, head: str, *, as_json: bool) -> None:
    """Say whether a record of the audit record was changed, added or taken away by somebody without the key.

    The head that is printed belongs on another machine or on paper: with it the next run also tells whether the end
    was cut off.

    Exit code 0: whole. 1: not, and every fault is named. 3: the registry did not answer.
    """
    configuration = loaded(file)
    report = _run(configuration, _verify(configuration, head))
    if as_json:
        click.echo(json.dumps({"intact": not report.faults, **asdict(report)}))
    else:
        _say(report)
    if report.faults:
        raise SystemExit(1)


@audit.command()
@configuration_file
@click.option("--from", "since", metavar="DAY", default="", help="From this day on, such as 2026-11-21.")
@click.option("--to", "until", metavar="DAY", default="", help="Up to and with this day.")
@click.option("--office", help="Of this office alone.")
@click.option("--kind", type=click.Choice([group.value for group in EventGroup]), help="Of this kind alone.")
@click.option("--about", default="", metavar="TEXT", help="A login ID, an establishment's code or a reference.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, with times in UTC.")
def export(
    file: Path, since: str, until: str, office: str | None, kind: str | None, about: str, *, as_json: bool
) -> None:
    """Print the events as CSV, oldest first."""
    configuration = loaded(file)
    zone = configuration.service.time_zone
    begins, ends = _day(since, zone, 0, "--from"), _day(until, zone, 1, "--to")
    names = tuple(name.value for name in GROUPS[EventGroup(kind)]) if kind else ()
    asked = AuditQuery(office, begins, ends, names, _canonical(about))
    _run(configuration, _export(configuration, asked, as_json=as_json))


def _run(configuration: Configuration, work: Coroutine[None, None, _T]) -> _T:
    """The result, or the exit code of what went wrong."""
    try:
        return asyncio.run(work)
    except StoreUnavailable as error:
        store_failed(error, configuration.stores)
    except GatewayError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None


async def _verify(configuration: Configuration, head: str) -> ChainReport:
    from gateway.app import opened_registry

    async with opened_registry(configuration) as registry:
        try:
            return await registry.verify_chain(head)
        except ValueError:
            raise click.BadParameter("write NUMBER:MAC as it was printed.", param_hint="--head") from None


def _say(report: ChainReport) -> None:
    for fault in report.faults:
        click.echo(_fault(fault))
    if report.unchained:
        click.echo(f"{report.unchained:,} older records, of a version without a chain, can't be verified.")
    if report.faults:
        click.echo(f"{len(report.faults)} fault{'' if len(report.faults) == 1 else 's'}: the record is not whole.")
    elif report.count:
        click.echo(f"{report.count:,} records, {report.first:,} to {report.last:,}: whole.")
    else:
        click.echo("No records.")
    if report.head and not report.faults:
        click.echo(f"Note elsewhere: --head {report.head}")


def _fault(fault: ChainFault) -> str:
    return f"{fault.number}: {fault.what}: {_FAULTS.get(fault.what, 'not as it should be')}."


async def _export(configuration: Configuration, query: AuditQuery, *, as_json: bool) -> None:
    from gateway.app import opened_registry

    zone = configuration.service.time_zone
    async with opened_registry(configuration) as registry:
        if not as_json:
            click.echo(_line(_HEADINGS), nl=False)
        async for piece in registry.every_event(query):
            written = (_document(one) + "\n" if as_json else _line(_cells(one, zone)) for one in piece)
            click.echo("".join(written), nl=False)


def _document(numbered: NumberedEvent) -> str:
    event = numbered.event
    known = {name: getattr(event, name) for name in _HEADINGS[2:-1]}
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds")
    return json.dumps({"number": numbered.number, "at": at, **known, "detail": dict(event.detail)}, ensure_ascii=False)


def _cells(numbered: NumberedEvent, zone: ZoneInfo) -> tuple[str, ...]:
    event: AuditEvent = numbered.event
    at = datetime.fromtimestamp(event.at, zone).isoformat(sep=" ", timespec="seconds")
    detail = " ".join(f"{name}={value}" for name, value in event.detail)
    return (str(numbered.number), at, *(str(getattr(event, name)) for name in _HEADINGS[2:-1]), detail)


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([guarded(cell) for cell in cells])
    return text.getvalue()


def _day(typed: str, zone: ZoneInfo, days_later: int, option: str) -> float | None:
    """Midnight at which a day begins, so many days later."""
    if not typed:
        return None
    day = typed_date(typed)
    if day is None or not 1971 <= day.year <= 9998:
        raise click.BadParameter("write a day such as 2026-11-21.", param_hint=option)
    return datetime.combine(day + timedelta(days=days_later), time(), zone).timestamp()


def _canonical(typed: str) -> str:
    if not typed:
        return ""
    try:
        return canonical_login_id(typed)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--about") from None
