"""One page of the list of establishments, and the buttons under it: each sends the whole form, so nothing is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from urllib.parse import quote

from aiohttp import web

from gateway.core.selection import ALL, Conditions, Picked
from gateway.portal.drafts import BULK, drop_draft
from gateway.portal.selections import (
    PAGE_SIZE,
    ListState,
    conditions_of,
    keep_list_state,
    list_pager,
    list_state,
    picked_codes,
    posted_state,
    query_of,
    with_all,
    without_all,
)
from gateway.portal.settings_now import default_of, own_office, registry_of, where_open
from gateway.portal.settings_words import line_of
from gateway.portal.views_office import Pager, page_number
from gateway.portal.views_settings import Listing
from gateway.portal.visits import IMPORT, PORTAL, SETTINGS, see_other
from gateway.stores.base_tenants import EstablishmentPage

ESTABLISHMENT_PAGE = f"{SETTINGS}/establishment"
BULK_PAGE = f"{SETTINGS}/bulk"
EXPORT_PAGE = f"{SETTINGS}/export"


async def listing_of(request: web.Request) -> tuple[Listing, Pager]:
    """One page, up to date as far as the operator's database answers."""
    fresh = await request.app[PORTAL].offices.refresh.establishments(own_office(request))
    state, conditions = await list_state(request), conditions_of(request.query)
    number = page_number(request.query.get("page", ""))
    found = await _found(request, conditions, number)
    pager = list_pager(conditions, number, found.total)
    if number > pager.pages:  # rows went away meanwhile
        pager = replace(pager, number=pager.pages)
        found = await _found(request, conditions, pager.number)
    listing = Listing(
        action=pager.to(pager.number),
        conditions=conditions,
        searched=conditions != ALL,
        lines=tuple(line_of(row, state.picked) for row in found.rows),
        picked=await picked_count(request, state.picked, conditions, found.total),
        choice=state.choice,
        stale=not fresh.current,
        read_at=fresh.read_at,
    )
    return listing, pager


async def _found(request: web.Request, conditions: Conditions, number: int) -> EstablishmentPage:
    query, offset = query_of(request, conditions), (number - 1) * PAGE_SIZE
    return await registry_of(request).find_establishments(query, default_of(request), offset, PAGE_SIZE)


async def picked_count(request: web.Request, picked: Picked, shown: Conditions, total: int) -> int:
    """How many are picked, where a search for `shown` finds `total`."""
    if picked.everything is None:
        return len(picked.codes)
    if picked.everything != shown:
        total = (await _found(request, picked.everything, 1)).total
    return max(0, total - len(picked.codes))


@where_open
async def act(request: web.Request) -> web.Response:
    """POST: take over the boxes and what was chosen, then do what the pressed button says."""
    form = await request.post()
    state = await posted_state(request)
    verb, _, value = str(form.get("do", "")).partition(":")
    return await _BUTTONS.get(verb, _search)(request, state, value)


async def _search(request: web.Request, state: ListState, _: str) -> web.Response:
    return await _shown(request, replace(state, conditions=conditions_of(await request.post()), page=1))


async def _clear(request: web.Request, state: ListState, _: str) -> web.Response:
    return await _shown(request, replace(state, conditions=ALL, page=1))


async def _turn(request: web.Request, state: ListState, number: str) -> web.Response:
    return await _shown(request, replace(state, page=page_number(number)))


async def _all_on(request: web.Request, state: ListState, _: str) -> web.Response:
    return await _shown(request, replace(state, picked=await with_all(request, state.picked, state.conditions)))


async def _all_off(request: web.Request, state: ListState, _: str) -> web.Response:
    return await _shown(request, replace(state, picked=await without_all(request, state.picked, state.conditions)))


async def _open(request: web.Request, state: ListState, code: str) -> web.Response:
    """One establishment, by its name in the list."""
    return await _gone_to(request, state, f"{ESTABLISHMENT_PAGE}?code={quote(code, safe='')}")


async def _one(request: web.Request, state: ListState, _: str) -> web.Response:
    """「個別登録」: the one that is picked."""
    codes = () if state.picked.nothing else await picked_codes(request, state.picked)
    if len(codes) != 1:
        return await _refused(request, state, "one" if codes else "none")
    return await _open(request, state, codes[0])


async def _bulk(request: web.Request, state: ListState, _: str) -> web.Response:
    """「一括登録」: to the page that says what it will do."""
    if state.picked.nothing:
        return await _refused(request, state, "none")
    if state.choice.settings is None:
        return await _refused(request, state, "uses")
    await drop_draft(request, BULK)
    return await _gone_to(request, state, BULK_PAGE)


async def _export(request: web.Request, state: ListState, _: str) -> web.Response:
    return await _gone_to(request, state, EXPORT_PAGE)


async def _import(request: web.Request, state: ListState, _: str) -> web.Response:
    return await _gone_to(request, state, IMPORT)


async def _shown(request: web.Request, state: ListState) -> web.Response:
    return await _gone_to(request, state, state.back())


async def _refused(request: web.Request, state: ListState, fault: str) -> web.Response:
    return await _gone_to(request, state, state.back(fault=fault))


async def _gone_to(request: web.Request, state: ListState, address: str) -> web.Response:
    await keep_list_state(request, state)
    return see_other(address)


_BUTTONS: Mapping[str, Callable[[web.Request, ListState, str], Awaitable[web.Response]]] = {
    "search": _search,
    "clear": _clear,
    "page": _turn,
    "all": _all_on,
    "none": _all_off,
    "open": _open,
    "one": _one,
    "bulk": _bulk,
    "export": _export,
    "import": _import,
}
