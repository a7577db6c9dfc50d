"""Rows and settings as the settings pages show them."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from gateway.core.policy import TenantSettings
from gateway.core.rollout import Phase
from gateway.core.selection import Picked
from gateway.portal.establishment_choice import exempt_words, uses_words
from gateway.portal.settings_now import default_of, own_office, registry_of
from gateway.portal.views_settings import ChangedLine, EstablishmentLine, PhaseNote, SettingsWords
from gateway.portal.visits import PORTAL
from gateway.stores.base_tenants import Conflict, EstablishmentRow


def words_of(settings: TenantSettings) -> SettingsWords:
    """Settings as they are read."""
    return SettingsWords(settings.uses_second_factor, uses_words(settings), exempt_words(settings))


def line_of(row: EstablishmentRow, picked: Picked | None = None) -> EstablishmentLine:
    """A row of the list."""
    settings = row.settings
    held = picked is not None and picked.holds(row.code, row.name, row.kana, uses=settings.uses_second_factor)
    return EstablishmentLine(row.code, row.name or row.code, row.kana, words_of(settings), row.pinned, held)


def changed_line(row: EstablishmentRow) -> ChangedLine:
    """A row as somebody else left it."""
    return ChangedLine(row.code, row.name or row.code, words_of(row.settings), row.changed_by, row.changed_at)


def conflict_codes(conflict: Conflict) -> list[str]:
    """What a draft keeps of a conflict: the rows are read again when they are shown."""
    return [row.code for row in conflict.rows]


async def changed_lines(request: web.Request, codes: Iterable[str]) -> tuple[ChangedLine, ...]:
    """These rows as they stand now."""
    registry, office, default = registry_of(request), own_office(request), default_of(request)
    rows = [await registry.establishment_row(office, code, default) for code in codes]
    return tuple(changed_line(row) for row in rows if row is not None)


def phase_note(request: web.Request) -> PhaseNote | None:
    """What the rollout makes of the settings at this moment; None where they simply count."""
    portal = request.app[PORTAL]
    rollout = portal.offices.rules.rollout
    phase = rollout.phase(portal.clock())
    if phase is Phase.MANDATORY:
        return PhaseNote("settings.phase.mandatory", rollout.mandatory_from)
    if phase is Phase.BEFORE:
        return PhaseNote("settings.phase.before", rollout.optional_from)
    if rollout.mandatory_from is not None:
        return PhaseNote("settings.phase.until", rollout.mandatory_from)
    return None
