"""The people whom somebody administers: list, search, and a selection that survives both.

The whole page is one form, so that no tick is lost whichever button is pressed; without a script too. Ticks are kept
for the session as a set of login IDs; whether each may be reset is asked when it comes to that, not here.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

from aiohttp import web
from multidict import MultiMapping

from gateway.core.rights import Scope, administered
from gateway.portal.guards import NotAllowed, for_administrators
from gateway.portal.office_nav import office_nav
from gateway.portal.people_lines import listed
from gateway.portal.people_search import STATES, Asked, asked, drop, keep, load, query_of, typed
from gateway.portal.refreshing import Freshness
from gateway.portal.views import Message
from gateway.portal.views_office import Banner, BannerKind, FieldFault, page_number, pager
from gateway.portal.views_people import PeopleView
from gateway.portal.visits import PEOPLE, PORTAL, VISIT, Portal, Visit, page, see_other
from gateway.stores.base_people import PeoplePage, PeopleQuery

PAGE_SIZE = 20
AT_MOST = 100  # people at a time: each is looked at before, and shown
PEOPLE_CSV = f"{PEOPLE}/csv"
PEOPLE_RESET = f"{PEOPLE}/reset"
PEOPLE_CODES = f"{PEOPLE}/codes"
_SELECTION = "people-selection"
_LIST = "#people"  # takes the focus; not where an error is told, which takes it itself


@for_administrators
async def show(request: web.Request) -> web.StreamResponse:
    """GET: one page of the list."""
    portal, visit = request.app[PORTAL], request[VISIT]
    scope, seen = scope_of(visit), await asked(request)
    query = query_of(seen.search, scope, portal.renderer.service.time_zone)
    number = page_number(request.query.get("page", ""))
    found, fresh, partial = PeoplePage((), 0), Freshness(True, None), False
    faults = _faults(request)
    if isinstance(query, PeopleQuery):
        fresh = await _refreshed(request, query, scope)
        partial = query.establishment is None and fresh.read_at is not None
        number, found = await _page(portal, query, number)
    else:
        faults = query
    ticked = await selection(request)
    pages = pager(PEOPLE, seen.conditions, number, PAGE_SIZE, found.total)
    view = PeopleView(
        csrf=visit.live.record.csrf,
        nav=office_nav(request),
        here=pages.to(number),
        search=seen.search,
        whole_office=scope.establishment is None,
        states=STATES,
        lines=listed(found.rows, visit.live.record.session.subject, ticked),
        pager=pages,
        selected=len(ticked),
        at_most=AT_MOST,
        csv=_csv(seen) if found.total else (),
        codes=visit.policy.registration_code,
        stale=not fresh.current,
        read_at=fresh.read_at,
        partial=partial,
        faults=faults,
        banner=await _banner(request),
    )
    return page(request, view)


@for_administrators
async def act(request: web.Request) -> web.StreamResponse:
    """POST: keep the ticks, then do what the button says."""
    form = await request.post()
    ticked, fits = _after(await selection(request), form)
    what, _, about = str(form.get("do", "")).partition(":")
    query = request.rel_url.raw_query_string
    here = f"{PEOPLE}?{query}" if query else PEOPLE
    if what == "one":
        return see_other(await _to_reset(request, (about,)))
    if what == "clear":
        ticked, fits = (), True
    await keep(request.app[PORTAL], request[VISIT], _SELECTION, ticked)
    if not fits:
        return see_other(_with(here, "fault", "many"))
    if what == "codes":
        return see_other(PEOPLE_CODES)
    if what == "search":
        wanted = await typed(request, form)
        return see_other(_address(wanted.conditions) + (_LIST if wanted.readable else ""))
    if what == "all":
        return see_other(PEOPLE + _LIST)
    if what == "page":
        return see_other(_with(here, "page", str(page_number(about))) + _LIST)
    if what == "reset":
        return see_other(await _to_reset(request, ticked) if ticked else _with(here, "fault", "none"))
    return see_other(_with(here, "page", str(page_number(request.query.get("page", "")))) + _LIST)


def scope_of(visit: Visit) -> Scope:
    """Whose people this person sees. The guard has asked before."""
    scope = administered(visit.live.record.session.subject)
    if scope is None:
        raise NotAllowed
    return scope


async def selection(request: web.Request) -> tuple[str, ...]:
    """The login IDs that are ticked, on whichever page of the list."""
    kept = await load(request.app[PORTAL], request[VISIT], _SELECTION)
    return tuple(str(one) for one in kept) if isinstance(kept, list) else ()


async def unselect(request: web.Request) -> None:
    """Forget the ticks."""
    await drop(request.app[PORTAL], request[VISIT], _SELECTION)


def list_draft(of: str) -> str:
    """The name under which the people of one reset are kept: a list that was shown is never another one when its form
    is sent."""
    return f"people-reset:{of}"


def result_draft(of: str) -> str:
    """The name under which the outcome is kept for the page after it."""
    return f"people-done:{of}"


async def _to_reset(request: web.Request, login_ids: tuple[str, ...]) -> str:
    """The address of the page that says who is about to be reset."""
    of = secrets.token_urlsafe(8)
    content = {"ids": list(login_ids), "back": request.rel_url.raw_query_string}
    await keep(request.app[PORTAL], request[VISIT], list_draft(of), content)
    return f"{PEOPLE_RESET}?{urlencode({'of': of})}"


def _after(before: tuple[str, ...], form: MultiMapping[object]) -> tuple[tuple[str, ...], bool]:
    """The selection after this form, and whether everything that was ticked fits into it."""
    shown = _strings(form, "shown")
    wanted = set(_strings(form, "id")) & set(shown) if str(form.get("do", "")) != "tick-page" else set(shown)
    if str(form.get("do", "")) == "untick-page":
        wanted = set()
    kept = [one for one in before if one not in set(shown)] + [one for one in shown if one in wanted]
    return tuple(kept[:AT_MOST]), len(kept) <= AT_MOST


def _strings(form: MultiMapping[object], name: str) -> list[str]:
    return [value for value in form.getall(name, []) if isinstance(value, str) and len(value) <= 128]


def _address(conditions: tuple[tuple[str, str], ...]) -> str:
    query = urlencode([(name, value) for name, value in conditions if value])
    return f"{PEOPLE}?{query}" if query else PEOPLE


def _with(address: str, name: str, value: str) -> str:
    """The same address with one condition set anew."""
    path, _, query = address.partition("?")
    kept = [part for part in query.split("&") if part and part.partition("=")[0] not in (name, "fault", "done")]
    return f"{path}?{'&'.join([*kept, urlencode({name: value})])}"


def _faults(request: web.Request) -> tuple[FieldFault, ...]:
    word = request.query.get("fault", "")
    if word == "none":
        return (FieldFault("people", Message("people.fault.none")),)
    if word == "many":
        return (FieldFault("people", Message("people.fault.many", (("at_most", AT_MOST),))),)
    return ()


def _csv(seen: Asked) -> tuple[tuple[Message, str], ...]:
    """Both encodings, for the list as it is searched."""
    conditions = [(name, value) for name, value in seen.conditions if value]
    return tuple(
        (Message(f"people.csv.{encoding}"), f"{PEOPLE_CSV}?{urlencode([*conditions, ('encoding', encoding)])}")
        for encoding in ("utf-8", "cp932")
    )


async def _page(portal: Portal, query: PeopleQuery, number: int) -> tuple[int, PeoplePage]:
    """The page with this number, or the last one there is."""
    registry, now = portal.offices.registry, portal.clock()
    found = await registry.find_people(query, now, (number - 1) * PAGE_SIZE, PAGE_SIZE)
    last = max(1, -(-found.total // PAGE_SIZE))
    if number <= last:
        return number, found
    return last, await registry.find_people(query, now, (last - 1) * PAGE_SIZE, PAGE_SIZE)


async def _refreshed(request: web.Request, query: PeopleQuery, scope: Scope) -> Freshness:
    """Bring up to date whom the page shows: one establishment's people, else the office's own staff (those of all its
    establishments would be too many at once); and for an office the names of its establishments."""
    refresh = request.app[PORTAL].offices.refresh
    people = refresh.people(query.office, query.establishment or "")
    if scope.establishment is not None:
        return await people
    both = await asyncio.gather(people, refresh.establishments(query.office))
    return next((one for one in both if not one.current), both[0])


async def _banner(request: web.Request) -> Banner | None:
    """What came of the reset that led here."""
    of = request.query.get("done", "")
    kept = await load(request.app[PORTAL], request[VISIT], result_draft(of)) if of else None
    if not isinstance(kept, Mapping):
        return None
    count, nothing, refused = kept["count"], kept["nothing"], kept["refused"]
    texts = [Message("people.done.next")] if count else []
    if nothing:
        texts.append(Message("people.done.nothing", (("count", len(nothing)), ("names", "、".join(nothing)))))
    if refused:
        texts.append(Message("people.done.refused", (("count", refused),)))
    heading = Message("people.done", (("count", count),)) if count else Message("people.done.none")
    return Banner(BannerKind.DONE if count else BannerKind.NOTE, heading, tuple(texts))
