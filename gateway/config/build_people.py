"""From `directory`, `tenants`, `sessions` and `rollout` blocks to settings and core's policy."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.config.faults import Faults
from gateway.config.model import LimitsOfKindBlock, RolloutBlock, SessionsBlock
from gateway.config.model_people import DirectoryBlock, TenantsBlock
from gateway.config.paths import beside, database_url
from gateway.config.settings import (
    DirectoryPattern,
    DirectorySettings,
    EstablishmentEntry,
    SqlDirectory,
    TenantEntry,
    Tenants,
)
from gateway.config.tables import read_establishments, read_people
from gateway.core.policy import PolicyRules, SessionLimits, TenantSettings
from gateway.core.rollout import Rollout


def build_directory(block: DirectoryBlock | None, folder: Path, faults: Faults) -> DirectorySettings:
    """The directory's settings; its CSV files are read once here so that `check` names their bad lines."""
    if block is None:
        return DirectorySettings()
    entries = [EstablishmentEntry(entry.code, entry.office, entry.name, entry.kana) for entry in block.establishments]
    known: dict[str, str] = {}
    for number, entry in enumerate(entries):
        if known.setdefault(entry.code, entry.office) != entry.office:
            what = f"establishment {entry.code} is also given to office {known[entry.code]}."
            faults.add(block.at("establishments", number), "duplicate-code", what, "A code belongs to one office.")
    if block.establishments_csv:
        rows, found = read_establishments(beside(folder, block.establishments_csv))
        _take(block, "establishments_csv", found, faults)
        entries.extend(rows)
    people = beside(folder, block.people_csv) if block.people_csv else None
    if people is not None:
        _take(block, "people_csv", read_people(people)[1], faults)
    _offices_known(block, bool(entries), faults)
    return DirectorySettings(
        patterns=tuple(
            DirectoryPattern(pattern.match, pattern.kind, role=pattern.role, line=pattern.node.line)
            for pattern in block.patterns
        ),
        people_csv=people,
        sql=_sql(block, folder),
        establishments=tuple(entries),
        refuse_unknown=block.unknown == "refuse",
    )


def _take(block: DirectoryBlock, key: str, found: Faults, faults: Faults) -> None:
    """A file that is missing is a fault of the key; a bad line one of the file."""
    for fault in found.faults:
        if fault.code == "no-file":
            faults.add(block.at(key), "no-file", fault.message, fault.remedy)
        else:
            faults.extend((fault,))


def _offices_known(block: DirectoryBlock, have_establishments: bool, faults: Faults) -> None:
    for number, pattern in enumerate(block.patterns):
        alone = pattern.kind == "establishment" and "(?P<office>" not in pattern.match
        if alone and not have_establishments and not faults.any_under("directory"):
            what = "nothing tells which office an establishment belongs to."
            faults.add(block.at("patterns", number), "no-office", what, "Add establishments or (?P<office>…).")


def _sql(block: DirectoryBlock, folder: Path) -> SqlDirectory | None:
    sql = block.sql
    if sql is None:
        return None
    url = database_url(folder, sql.url)
    return SqlDirectory(url, sql.query, sql.timeout, sql.cache, sql.establishments, sql.people)


def build_tenants(block: TenantsBlock | None, directory: DirectorySettings, faults: Faults) -> Tenants:
    """Defaults and entries; an establishment under the wrong office is a fault."""
    defaults = block.defaults if block else None
    office = defaults.office if defaults else None
    establishment = defaults.establishment if defaults else None
    office_of = {entry.code: entry.office for entry in directory.establishments}
    offices: list[tuple[str, TenantEntry]] = []
    entries: list[tuple[tuple[str, str], TenantEntry]] = []
    for code, given in block.offices if block else ():
        offices.append((code, TenantEntry(TenantSettings(given.use), given.pinned)))
        for below, entry in given.establishments:
            settings = TenantSettings(entry.use, frozenset(entry.exempt))
            entries.append(((code, below), TenantEntry(settings, entry.pinned)))
            if office_of.get(below, code) != code:
                what = f"the directory gives establishment {below} to office {office_of[below]}."
                remedy = f'Move it under "{office_of[below]}".'
                faults.add(given.at("establishments", below), "wrong-office", what, remedy)
    return Tenants(
        office_default=TenantSettings(office.use if office else False),
        establishment_default=TenantSettings(
            establishment.use if establishment else False,
            frozenset(establishment.exempt if establishment else ()),
        ),
        offices=tuple(offices),
        establishments=tuple(entries),
    )


def build_policy(
    rollout: RolloutBlock | None, sessions: SessionsBlock | None, zone: ZoneInfo, faults: Faults
) -> PolicyRules:
    """Dates as Unix seconds in the operator's zone; limits per kind."""
    dates = {}
    for name in ("optional_from", "announced_from", "mandatory_from"):
        local: datetime | None = getattr(rollout, name) if rollout else None
        dates[name] = None if local is None else _moment(local, zone, name, rollout, faults)
    return PolicyRules(
        rollout=Rollout(**dates),
        office_limits=_limits(sessions.office if sessions else None),
        establishment_limits=_limits(sessions.establishment if sessions else None),
    )


def _moment(local: datetime, zone: ZoneInfo, name: str, block: RolloutBlock | None, faults: Faults) -> float:
    try:
        aware = local.replace(tzinfo=zone)
        seconds = aware.timestamp()
        exists = datetime.fromtimestamp(seconds, UTC).astimezone(zone).replace(tzinfo=None) == local
    except (OverflowError, ValueError):  # years that the zone's offset pushes out of range
        seconds, exists = 0.0, False
    if not exists and block is not None:
        what = f"that time does not exist in {zone.key}."
        faults.add(block.at(name), "no-such-time", what, "Clocks jump over it: write a later one.")
    return seconds


def _limits(block: LimitsOfKindBlock | None) -> SessionLimits:
    return SessionLimits(block.idle if block else 1800.0, block.absolute if block else 43200.0)
