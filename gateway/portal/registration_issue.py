"""Registration codes as administrators issue them: whom, until when; then slips to print, or a file.

    form ──► whom may they give codes to ──► issue, audit ──► a list kept for this session ──► slips, CSV

Codes are shown to whoever asked by a form, and every such form stands in the audit record. No code is in an address.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from gateway.core.rights import may_set
from gateway.core.typed_dates import typed_date
from gateway.portal import registration_codes as codes
from gateway.portal.csv_files import Lines, send_csv
from gateway.portal.events import Event
from gateway.portal.guards import for_administrators
from gateway.portal.office_nav import office_nav
from gateway.portal.pages import translate
from gateway.portal.people import PEOPLE_CODES, scope_of, selection
from gateway.portal.people_search import keep, load
from gateway.portal.registration_people import AT_MOST, Candidate, of_establishment, slips, ticked
from gateway.portal.views import Message
from gateway.portal.views_office import FieldFault, page_number, pager
from gateway.portal.views_registration import CodesView, SlipsView
from gateway.portal.visits import PORTAL, SETTINGS, VISIT, Portal, Visit, page, see_other
from gateway.stores.base_people import PeopleQuery, RegistrationCode
from gateway.stores.base_tenants import Stamp

CODES: Final = PEOPLE_CODES
SLIPS: Final = f"{CODES}/slips"
CODES_CSV: Final = f"{CODES}/csv"
USUAL_DAYS: Final = 14
MOST_DAYS: Final = 90
SLIPS_A_PAGE: Final = 60
_WHOM = ("ticked", "establishment", "staff")
_FAULTS = {
    "whom": "whom-ticked",
    "none": "whom-ticked",
    "many": "whom-ticked",
    "establishment": "establishment",
    "until": "until",
    "past": "until",
    "far": "until",
}
_COLUMNS = ("id", "name", "establishment", "establishment-name", "code", "until")


@for_administrators
async def show(request: web.Request) -> web.StreamResponse:
    """GET: the form, with what was typed when something was wrong with it."""
    portal, visit = request.app[PORTAL], request[VISIT]
    given, number = request.query, len(await selection(request))
    scope = scope_of(visit)
    word = given.get("fault", "")
    usual = _today(portal) + timedelta(days=USUAL_DAYS)
    whom = given.get("whom", "")
    view = CodesView(
        csrf=visit.live.record.csrf,
        nav=office_nav(request),
        demanded=visit.policy.registration_code,
        whole_office=scope.establishment is None,
        ticked=number,
        whom=whom if whom in _WHOM else ("ticked" if number else "establishment"),
        establishment=given.get("establishment", "")[:64],
        until=given.get("until", usual.strftime("%Y-%m-%d"))[:32],
        renew=given.get("renew") == "1",
        settings=SETTINGS if may_set(visit.live.record.session.subject) else "",
        faults=(FieldFault(_FAULTS[word], _fault(word)),) if word in _FAULTS else (),
    )
    return page(request, view)


@for_administrators
async def act(request: web.Request) -> web.StreamResponse:
    """POST: issue codes and show them, or show again those that are good."""
    portal, visit = request.app[PORTAL], request[VISIT]
    if not visit.policy.registration_code:
        return see_other(CODES)
    form = {name: text for name, text in (await request.post()).items() if isinstance(text, str)}
    query = _query(visit, form)
    expires_at = _end_of(portal, form.get("until", ""))
    if query is None and form.get("whom") != "ticked":
        return see_other(_back(form, "establishment" if form.get("whom") == "establishment" else "whom"))
    if isinstance(expires_at, str) and form.get("do") != "show":
        return see_other(_back(form, expires_at))
    if query is None:
        people: list[Candidate] | None = await ticked(portal, visit, await selection(request))
    else:
        people = await of_establishment(portal, visit, query)
    if not people:
        return see_other(_back(form, "many" if people is None else "none"))
    if form.get("do") != "show" and not isinstance(expires_at, str):
        await _issue(portal, visit, people, expires_at, renew=form.get("renew") == "1")
    of = secrets.token_urlsafe(8)
    establishment = None if query is None else query.establishment
    content = {"ids": [one.login_id for one in people], "establishment": establishment}
    await keep(portal, visit, _list_draft(of), content)
    await _exported(portal, visit, len(people), "print")
    return see_other(f"{SLIPS}?{urlencode({'of': of})}")


@for_administrators
async def show_slips(request: web.Request) -> web.StreamResponse:
    """GET: slips to print, of a list that this session asked for by a form."""
    portal, visit = request.app[PORTAL], request[VISIT]
    of = request.query.get("of", "")
    kept = await _list(portal, visit, of)
    if kept is None:
        return see_other(CODES)
    login_ids, query = kept
    found = [slip for _, slip in await slips(portal, visit, login_ids, query)]
    number = min(page_number(request.query.get("page", "")), max(1, -(-len(found) // SLIPS_A_PAGE)))
    first = (number - 1) * SLIPS_A_PAGE
    view = SlipsView(
        csrf=visit.live.record.csrf,
        nav=office_nav(request),
        of=of,
        address=portal.origin_of(visit.live.record.session.app) + portal.sign_in_page(visit.live.record.session.app),
        slips=tuple(found[first : first + SLIPS_A_PAGE]),
        pager=pager(SLIPS, [("of", of)], number, SLIPS_A_PAGE, len(found)),
        csv=tuple(
            (f"{CODES_CSV}?{urlencode({'encoding': encoding})}", Message(f"registration.csv.{encoding}"))
            for encoding in ("utf-8", "cp932")
        ),
        without=len(login_ids) - len(found),
    )
    return page(request, view)


@for_administrators
async def download(request: web.Request) -> web.StreamResponse:
    """POST: the codes of such a list as a file; the encoding stands in the address."""
    portal, visit = request.app[PORTAL], request[VISIT]
    kept = await _list(portal, visit, str((await request.post()).get("of", "")))
    if kept is None:
        return see_other(CODES)
    found = await slips(portal, visit, *kept)
    zone = portal.renderer.service.time_zone

    async def lines() -> AsyncIterator[Lines]:
        yield [
            (
                row.login_id,
                row.name,
                row.establishment,
                row.establishment_name,
                slip.code,
                f"{datetime.fromtimestamp(slip.until - 1, zone):%Y/%m/%d}",
            )
            for row, slip in found
        ]

    await _exported(portal, visit, len(found), "csv")
    headings = [translate(visit.language, f"registration.column.{column}") for column in _COLUMNS]
    return await send_csv(request, f"registration-codes-{_today(portal):%Y%m%d}", headings, lines())


async def _issue(portal: Portal, visit: Visit, people: list[Candidate], expires_at: float, *, renew: bool) -> None:
    """A code for each who has none; with `renew` for everybody, and what they had is worth nothing any more."""
    now, keys = portal.clock(), portal.offices.keys
    fresh = [
        RegistrationCode(one.login_id, codes.sealed(keys, codes.new_code(), one.login_id), now, expires_at)
        for one in people
        if renew or one.code_until is None
    ]
    if fresh:
        stamp = Stamp(visit.login_id, now, visit.asker.address, visit.asker.reference)
        await portal.offices.registry.issue_codes(fresh, stamp)


async def _exported(portal: Portal, visit: Visit, count: int, kind: str) -> None:
    detail = (("count", str(count)), ("as", kind))
    await portal.record(visit.asker.event(Event.REGISTRATION_EXPORTED, portal.clock(), detail))


def _query(visit: Visit, form: Mapping[str, str]) -> PeopleQuery | None:
    """Whose people, within what this person administers. None: those who are ticked, or nobody was named."""
    scope, whom = scope_of(visit), form.get("whom")
    if whom == "ticked":
        return None
    if scope.establishment is not None:
        return PeopleQuery(scope.office, scope.establishment)
    if whom == "staff":
        return PeopleQuery(scope.office, "")
    code = form.get("establishment", "").strip()[:64]
    return PeopleQuery(scope.office, code) if whom == "establishment" and code else None


def _end_of(portal: Portal, typed: str) -> float | str:
    """The end of the day that was typed, in the operator's zone; or the word for what is wrong with it."""
    day, today = typed_date(typed), _today(portal)
    if day is None:
        return "until"
    if day < today.date():
        return "past"
    if day > (today + timedelta(days=MOST_DAYS)).date():
        return "far"
    return datetime.combine(day + timedelta(days=1), time(), portal.renderer.service.time_zone).timestamp()


def _today(portal: Portal) -> datetime:
    return datetime.fromtimestamp(portal.clock(), portal.renderer.service.time_zone)


async def _list(portal: Portal, visit: Visit, of: str) -> tuple[list[str], PeopleQuery | None] | None:
    kept = await load(portal, visit, _list_draft(of)) if of else None
    if not isinstance(kept, dict):
        return None
    establishment = kept["establishment"]
    query = None if establishment is None else PeopleQuery(scope_of(visit).office, establishment)
    return kept["ids"], query


def _list_draft(of: str) -> str:
    return f"registration-list:{of[:32]}"


def _fault(word: str) -> Message:
    values: tuple[tuple[str, float | str], ...] = ()
    if word == "many":
        values = (("at_most", f"{AT_MOST:,}"),)
    elif word == "far":
        values = (("days", MOST_DAYS),)
    return Message(f"registration.fault.{word}", values)


def _back(form: Mapping[str, str], word: str) -> str:
    """The form again, with what was typed."""
    kept = {name: form.get(name, "")[:64] for name in ("whom", "establishment", "until", "renew")}
    return f"{CODES}?{urlencode({**kept, 'fault': word})}"
