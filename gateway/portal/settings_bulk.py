"""「一括登録」: first what it will do to how many, then doing it; and taking the last change back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from aiohttp import web

from gateway.core.policy import TenantSettings
from gateway.core.selection import ALL, Picked
from gateway.core.setting_words import as_words
from gateway.portal.drafts import BULK, UNDONE, draft, keep_draft
from gateway.portal.establishment_choice import choice_of
from gateway.portal.office_nav import office_nav
from gateway.portal.selections import ListState, keep_list_state, list_state, picked_codes, selection_of
from gateway.portal.settings_listing import BULK_PAGE
from gateway.portal.settings_now import (
    default_of,
    forget_establishments,
    own_office,
    registry_of,
    stamp,
    where_open,
)
from gateway.portal.settings_words import changed_lines, conflict_codes, phase_note, words_of
from gateway.portal.views_settings import BulkView
from gateway.portal.visits import PORTAL, SETTINGS, VISIT, page, see_other
from gateway.stores.base_tenants import Conflict, Impact

UNDO_PAGE = f"{SETTINGS}/undo"
ASKED_PEOPLE = 50_000  # more are not asked about one by one before every bulk change
_READ_ANEW = 30  # establishments
_AT_ONCE = 500  # establishments


@where_open
async def show(request: web.Request) -> web.Response:
    """GET: the counts before and after."""
    state = await list_state(request)
    settings = state.choice.settings
    if settings is None or state.picked.nothing:
        return see_other(state.back(fault="none"))
    await refresh_people(request, state.picked)
    impact = await registry_of(request).impact(selection_of(request, state.picked), default_of(request))
    if impact.establishments == impact.pinned:
        return see_other(state.back(fault="nothing"))
    return page(request, await _view(request, state, settings, impact))


async def _view(request: web.Request, state: ListState, settings: TenantSettings, impact: Impact) -> BulkView:
    changed = request.query.get("fault") == "changed"
    few = impact.people <= ASKED_PEOPLE
    codes = await picked_codes(request, state.picked) if few else ()
    return BulkView(
        csrf=request[VISIT].live.record.csrf,
        nav=office_nav(request),
        establishments=impact.establishments - impact.pinned,
        people=impact.people,
        enrolled=impact.enrolled,
        signed_in=await signed_in(request, codes, impact.people),
        using_before=impact.using,
        using_after=impact.establishments - impact.pinned if settings.uses_second_factor else 0,
        pinned=impact.pinned,
        settings=words_of(settings),
        words=as_words(settings),
        digest=impact.digest,
        back=state.back(),
        changed=changed,
        conflicts=await changed_lines(request, (await draft(request, BULK)).get("conflict", ()) if changed else ()),
        phase=phase_note(request),
    )


async def refresh_people(request: web.Request, picked: Picked) -> None:
    """Read anew who works where, if those are few enough to ask the operator's database about each."""
    if picked.everything is None and len(picked.codes) <= _READ_ANEW:
        office, refresh = own_office(request), request.app[PORTAL].offices.refresh
        codes = await picked_codes(request, picked)
        await asyncio.gather(*(refresh.people(office, code) for code in codes))


async def signed_in(request: web.Request, codes: Sequence[str], people: int) -> int | None:
    """How many of these establishments' people are signed in now; None when there are too many to ask about."""
    if people > ASKED_PEOPLE:
        return None
    registry, office, rest = registry_of(request), own_office(request), iter(codes)
    present = 0
    while some := tuple(islice(rest, _AT_ONCE)):
        present += await request.app[PORTAL].sessions.present(await registry.login_ids(office, some))
    return present


@where_open
async def do(request: web.Request) -> web.Response:
    """POST: exactly what was shown, or nothing."""
    form, state = await request.post(), await list_state(request)
    settings = state.choice.settings
    if settings is None or state.picked.nothing:
        return see_other(state.back(fault="none"))
    if form.get("settings") != as_words(settings):  # chosen anew in another window, since this page was shown
        return see_other(BULK_PAGE)
    selection, default = selection_of(request, state.picked), default_of(request)
    codes = await picked_codes(request, state.picked)
    digest = str(form.get("digest", ""))
    outcome = await registry_of(request).change_selected(selection, settings, default, digest, stamp(request))
    if isinstance(outcome, Conflict):
        await keep_draft(request, BULK, {"conflict": conflict_codes(outcome)})
        return see_other(f"{BULK_PAGE}?fault=changed")
    forget_establishments(request, codes)
    after = replace(state, picked=Picked(), choice=choice_of(default, decided=False))
    await keep_list_state(request, after)
    return see_other(after.back(done=outcome.change or "same"))


@where_open
async def undo(request: web.Request) -> web.Response:
    """POST: put back what one change altered (「元に戻す」)."""
    registry, office, state = registry_of(request), own_office(request), await list_state(request)
    change = str((await request.post()).get("change", ""))
    undone = await registry.undo_change(office, change, stamp(request))
    if undone is None:
        return see_other(state.back(fault="undo"))
    forget_establishments(request, await picked_codes(request, Picked(ALL)))
    await keep_draft(request, UNDONE, {"change": change, "count": undone.count, "left": undone.left})
    return see_other(state.back(undone=change))


async def undo_page(_: web.Request) -> web.Response:
    """GET: there is no page of its own; whoever comes back from the sign-in lands on the settings."""
    return see_other(SETTINGS)
