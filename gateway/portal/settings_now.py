"""What holds for the visitor's own office at this moment. Every store call of the settings pages takes it from here:
the office is the one of the session's subject, never one of a form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import wraps

from aiohttp import web

from gateway.core.policy import TenantSettings
from gateway.core.rollout import Phase
from gateway.portal.guards import Handler, for_staff
from gateway.portal.visits import PORTAL, SETTINGS, VISIT, see_other
from gateway.stores.base import Registry
from gateway.stores.base_tenants import OfficeRow, Stamp


@dataclass(frozen=True, slots=True)
class OfficeNow:
    """An office's own settings. `row`: what is stored; None where nothing ever was, or a pin holds."""

    settings: TenantSettings
    pinned: bool
    row: OfficeRow | None
    phase: Phase

    @property
    def revision(self) -> int:
        """Which stored settings were read."""
        return 0 if self.row is None else self.row.revision

    @property
    def open(self) -> bool:
        """Whether establishments can be set: from the mandatory date on, what they exempt counts in any case."""
        return self.settings.uses_second_factor or self.phase is Phase.MANDATORY


def own_office(request: web.Request) -> str:
    """The code of the office that the visitor works for."""
    return request[VISIT].live.record.session.subject.office


def registry_of(request: web.Request) -> Registry:
    """Where settings are kept."""
    return request.app[PORTAL].offices.registry


def default_of(request: web.Request) -> TenantSettings:
    """What holds for an establishment of which nothing is stored or written."""
    return request.app[PORTAL].offices.tenants.establishment_default


async def office_now(request: web.Request) -> OfficeNow:
    """A pin, else what is stored, else the configuration's entry, else its default."""
    portal, office = request.app[PORTAL], own_office(request)
    tenants = portal.offices.tenants
    phase = portal.offices.rules.rollout.phase(portal.clock())
    entry = dict(tenants.offices).get(office)
    if entry is not None and entry.pinned:
        return OfficeNow(entry.settings, True, None, phase)
    row = await portal.offices.registry.office_row(office)
    if row is not None:
        return OfficeNow(row.settings, False, row, phase)
    return OfficeNow(tenants.office_default if entry is None else entry.settings, False, None, phase)


def where_open(handler: Handler) -> Handler:
    """Pages about establishments: for staff, once the office uses the second factor (D2)."""

    @for_staff
    @wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        if not (await office_now(request)).open:
            return see_other(f"{SETTINGS}?fault=closed")
        return await handler(request)

    return guarded


def stamp(request: web.Request) -> Stamp:
    """Who changes something, when, from where."""
    visit = request[VISIT]
    return Stamp(visit.login_id, request.app[PORTAL].clock(), visit.asker.address, visit.asker.reference)


def forget_establishments(request: web.Request, codes: Iterable[str]) -> None:
    """What was just changed here holds at the next request of whoever is signed in (C7)."""
    forget, office = request.app[PORTAL].offices.forget_tenant, own_office(request)
    for code in codes:
        forget(office, code)
