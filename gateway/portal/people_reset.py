"""Administrators reset people: who, with names and states; the administrator's own password; what came of it (E1)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from aiohttp import web

from gateway.portal import passwords
from gateway.portal.guards import for_administrators
from gateway.portal.office_nav import office_nav
from gateway.portal.people import AT_MOST, PEOPLE_RESET, list_draft, result_draft, unselect
from gateway.portal.people_lines import previewed, spoken
from gateway.portal.people_search import drop, keep, load
from gateway.portal.reset import faults_at, password_state, typed_password
from gateway.portal.reset_targets import Chosen, carry_out, chosen
from gateway.portal.views_people import PeopleResetView
from gateway.portal.visits import PEOPLE, PORTAL, VISIT, page, see_other


@for_administrators
async def show(request: web.Request) -> web.StreamResponse:
    """GET: who is about to be reset."""
    portal, visit = request.app[PORTAL], request[VISIT]
    of = request.query.get("of", "")
    picked = await _picked(request, of)
    if picked is None:
        return see_other(PEOPLE)
    people, back = picked
    standing = await passwords.standing(portal, visit)
    view = PeopleResetView(
        visit.live.record.csrf,
        office_nav(request),
        visit.login_id,
        of,
        back,
        previewed(people.people),
        people.refused,
        people.own,
        password_state(standing),
        faults_at(request, portal, standing),
    )
    return page(request, view)


@for_administrators
async def reset(request: web.Request) -> web.StreamResponse:
    """POST: with the right password those whom this person may reset now are reset; nobody else."""
    portal, visit = request.app[PORTAL], request[VISIT]
    of = str((await request.post()).get("of", ""))
    picked = await _picked(request, of)
    if picked is None:
        return see_other(PEOPLE)
    people, back = picked
    if not people.people:
        return see_other(f"{PEOPLE_RESET}?{urlencode({'of': of})}")
    outcome = await passwords.check(portal, visit, await typed_password(request))
    if not isinstance(outcome, passwords.Right):
        words = {"of": of, "fault": passwords.word_of(outcome)}
        return see_other(f"{PEOPLE_RESET}?{urlencode({name: word for name, word in words.items() if word})}")
    await carry_out(portal, visit, people.people)
    await _remember(request, of, people)
    return see_other(f"{back}{'&' if '?' in back else '?'}{urlencode({'done': of})}")


async def _picked(request: web.Request, of: str) -> tuple[Chosen, str] | None:
    """The people of this list as they may be reset now, and the way back; None: there is no such list any more."""
    portal, visit = request.app[PORTAL], request[VISIT]
    kept = await load(portal, visit, list_draft(of)) if of else None
    if not isinstance(kept, Mapping):
        return None
    back = "&".join(part for part in str(kept.get("back", "")).split("&") if part and not part.startswith("done="))
    found = await chosen(portal, visit, [str(one) for one in kept.get("ids", [])][:AT_MOST])
    return found, f"{PEOPLE}?{back}" if back else PEOPLE


async def _remember(request: web.Request, of: str, people: Chosen) -> None:
    """What the list says of it. The selection has served; the same form sent again finds nothing to do."""
    portal, visit = request.app[PORTAL], request[VISIT]
    nothing = [spoken(line) for line in previewed([one for one in people.people if one.has_nothing])]
    outcome = {
        "count": len(people.people) - len(nothing),
        "nothing": nothing,
        "refused": len(people.refused) + people.own,
    }
    await keep(portal, visit, result_draft(of), outcome)
    await drop(portal, visit, list_draft(of))
    await unselect(request)
