"""「事務所2要素認証利用設定」 (D2): on, off, and whether an enrolment needs a registration code."""

from __future__ import annotations

from aiohttp import web

from gateway.core.policy import TenantSettings
from gateway.portal.drafts import OFFICE, draft, keep_draft
from gateway.portal.guards import for_staff
from gateway.portal.office_nav import office_nav
from gateway.portal.settings_now import (
    OfficeNow,
    default_of,
    office_now,
    own_office,
    registry_of,
    stamp,
)
from gateway.portal.views_settings import OfficeOffView
from gateway.portal.visits import PORTAL, SETTINGS, VISIT, page, see_other
from gateway.stores.base_people import FactorState, PeopleQuery
from gateway.stores.base_tenants import EstablishmentQuery, Selection

OFFICE_PAGE = f"{SETTINGS}/office"


@for_staff
async def confirm(request: web.Request) -> web.Response:
    """GET: what happens when it is switched off, before it is."""
    now, typed = await office_now(request), await draft(request, OFFICE)
    if now.pinned or not now.settings.uses_second_factor or typed.get("uses", True):
        return see_other(SETTINGS)
    office, registry, at = own_office(request), registry_of(request), request.app[PORTAL].clock()
    staff = PeopleQuery(office, "")
    enrolled = PeopleQuery(office, "", state=FactorState.ENROLLED)
    everybody = await registry.impact(Selection(office, everything=EstablishmentQuery(office)), default_of(request))
    view = OfficeOffView(
        csrf=request[VISIT].live.record.csrf,
        nav=office_nav(request),
        codes=bool(typed.get("codes")),
        revision=int(typed.get("revision", 0)),
        staff=(await registry.find_people(staff, at, 0, 1)).total,
        staff_enrolled=(await registry.find_people(enrolled, at, 0, 1)).total,
        establishments=everybody.using,
        people=everybody.people,
        enrolled=everybody.enrolled,
    )
    return page(request, view)


@for_staff
async def save(request: web.Request) -> web.Response:
    """POST: store it. Switching off is asked about first."""
    form, now = await request.post(), await office_now(request)
    if now.pinned:
        return see_other(f"{SETTINGS}?fault=pinned")
    if form.get("uses") not in ("0", "1"):
        return see_other(f"{SETTINGS}?fault=office")
    wanted = TenantSettings(form["uses"] == "1", registration_codes=bool(form.get("codes")))
    revision = revision_of(form.get("revision"))
    await keep_draft(
        request, OFFICE, {"uses": wanted.uses_second_factor, "codes": wanted.registration_codes, "revision": revision}
    )
    switched_off = now.settings.uses_second_factor and not wanted.uses_second_factor
    if switched_off and not form.get("confirmed"):
        return see_other(OFFICE_PAGE)
    return await _stored(request, now, wanted, revision)


async def _stored(request: web.Request, now: OfficeNow, wanted: TenantSettings, revision: int) -> web.Response:
    if wanted == now.settings and revision == now.revision:
        return see_other(f"{SETTINGS}?done=same")
    office = own_office(request)
    try:
        row = await registry_of(request).change_office(office, wanted, now.settings, revision, stamp(request))
    except ValueError:  # another process has a configuration already that pins it
        return see_other(f"{SETTINGS}?fault=pinned")
    if row is None:
        return see_other(f"{SETTINGS}?fault=office-changed")
    request.app[PORTAL].offices.forget_tenant(office, None)
    return see_other(f"{SETTINGS}?done=office")


def revision_of(given: object) -> int:
    """Which settings a form was filled from; nonsense is what nothing ever was."""
    text = str(given)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else -1
