"""「個別登録」: one establishment's settings (D4). Of two who change it at once, the second is told."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import quote

from aiohttp import web

from gateway.portal.drafts import ESTABLISHMENT, draft, keep_draft
from gateway.portal.establishment_choice import Choice, choice_of, typed_choice
from gateway.portal.office_nav import office_nav
from gateway.portal.selections import list_state
from gateway.portal.settings_listing import ESTABLISHMENT_PAGE
from gateway.portal.settings_now import (
    default_of,
    forget_establishments,
    own_office,
    registry_of,
    stamp,
    where_open,
)
from gateway.portal.settings_office import revision_of
from gateway.portal.settings_words import changed_line, line_of, phase_note
from gateway.portal.views import Message
from gateway.portal.views_office import FieldFault
from gateway.portal.views_settings import EstablishmentView
from gateway.portal.visits import VISIT, page, see_other
from gateway.stores.base_tenants import Conflict, EstablishmentRow

_NO_CHOICE = FieldFault("uses-1", Message("settings.fault.uses"))


@where_open
async def show(request: web.Request) -> web.Response:
    """GET: what holds for it; after a fault what was typed, and who changed it meanwhile."""
    row = await _row(request)
    fault = request.query.get("fault", "")
    kept = await draft(request, ESTABLISHMENT) if fault else {}
    typed = kept.get("code") == row.code
    view = EstablishmentView(
        csrf=request[VISIT].live.record.csrf,
        nav=office_nav(request),
        line=line_of(row),
        choice=typed_choice(kept["choice"]) if typed else choice_of(row.settings),
        revision=row.revision,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        back=(await list_state(request)).back(),
        conflict=changed_line(row) if typed and fault == "changed" else None,
        phase=phase_note(request),
        faults=(_NO_CHOICE,) if fault == "uses" else (),
    )
    return page(request, view)


@where_open
async def save(request: web.Request) -> web.Response:
    """POST: store it, if it still is what was shown."""
    form, row = await request.post(), await _row(request)
    choice, state = typed_choice(form), await list_state(request)
    if row.pinned:
        return see_other(state.back(fault="pinned"))
    settings = choice.settings
    if settings is None:
        return await _again(request, row, choice, "uses")
    if revision_of(form.get("revision")) != row.revision:
        return await _again(request, row, choice, "changed")
    change = registry_of(request).change_rows
    rows = [(row.code, settings)]
    try:
        outcome = await change(own_office(request), rows, default_of(request), row.revision, stamp(request))
    except ValueError:  # it went away, or was pinned, since it was read
        return see_other(state.back(fault="gone"))
    if isinstance(outcome, Conflict):
        return await _again(request, row, choice, "changed")
    forget_establishments(request, [row.code])
    return see_other(state.back(done=outcome.change or "same"))


async def _row(request: web.Request) -> EstablishmentRow:
    """The establishment of `?code=`, if the visitor's own office has it; otherwise there is no such page (D5)."""
    code = request.query.get("code", "")
    row = await registry_of(request).establishment_row(own_office(request), code, default_of(request))
    if row is None:
        raise web.HTTPNotFound
    return row


async def _again(request: web.Request, row: EstablishmentRow, choice: Choice, fault: str) -> web.Response:
    await keep_draft(request, ESTABLISHMENT, {"code": row.code, "choice": asdict(choice)})
    return see_other(f"{ESTABLISHMENT_PAGE}?code={quote(row.code, safe='')}&fault={fault}")
