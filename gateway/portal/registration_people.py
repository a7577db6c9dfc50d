"""Whom registration codes may be issued to, and the codes that are good now, as one person may see them.

ticked in the list ─┐
an establishment   ─┼─► core.rights.may_issue_code ──► not enrolled yet ──► code
the office's staff ─┘   none, or oneself: left out
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.core.rights import may_issue_code
from gateway.core.subject import Subject
from gateway.portal import registration_codes as codes
from gateway.portal.reset_targets import actor_now, as_subject, chosen
from gateway.portal.views_registration import Slip
from gateway.portal.visits import Portal, Visit
from gateway.stores.base_people import PeopleQuery, PersonRow, RegistrationCode

AT_MOST = 1000  # people at a time


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be given a code. `code_until`: the end of the one that they have."""

    login_id: str
    code_until: float | None


async def ticked(portal: Portal, visit: Visit, login_ids: Sequence[str]) -> list[Candidate]:
    """Those of the ticked people who have yet to enrol and whom this person administers."""
    found: list[Candidate] = []
    for one in (await chosen(portal, visit, login_ids)).people:
        login_id, row = one.subject.login_id, one.row
        if row is not None:
            found += _open(row)
        elif not await portal.factors.enrolled(login_id):
            code = await portal.offices.registry.registration_code(login_id, portal.clock())
            found.append(Candidate(login_id, None if code is None else code.expires_at))
    return found


async def of_establishment(portal: Portal, visit: Visit, query: PeopleQuery) -> list[Candidate] | None:
    """Those of one establishment (with an empty code: of the office's staff); None when there are too many at once."""
    await portal.offices.refresh.people(query.office, query.establishment or "")
    page = await portal.offices.registry.find_people(query, portal.clock(), 0, AT_MOST)
    if page.total > AT_MOST:
        return None
    actor = await actor_now(portal, visit)
    return [one for row in page.rows if _may(actor, row) for one in _open(row)]


async def slips(
    portal: Portal, visit: Visit, login_ids: Sequence[str], query: PeopleQuery | None
) -> list[tuple[PersonRow, Slip]]:
    """The codes of these people that are good now, in this order. `query`: finds them all; None: asked one by one."""
    actor = await actor_now(portal, visit)
    found = await _with_codes(portal, login_ids, query)
    made = {row.login_id: _slip(portal, row, code) for row, code in found if _may(actor, row)}
    rows = {row.login_id: row for row, _ in found}
    shown = ((rows[login_id], made.get(login_id)) for login_id in login_ids if login_id in rows)
    return [(row, slip) for row, slip in shown if slip is not None]


async def _with_codes(
    portal: Portal, login_ids: Sequence[str], query: PeopleQuery | None
) -> Iterable[tuple[PersonRow, RegistrationCode]]:
    registry, now = portal.offices.registry, portal.clock()
    if query is not None:
        return await registry.registration_codes(query, now)
    found = []
    for login_id in login_ids:
        row, code = await registry.person_row(login_id, now), await registry.registration_code(login_id, now)
        if row is not None and code is not None:
            found.append((row, code))
    return found


def _slip(portal: Portal, row: PersonRow, code: RegistrationCode) -> Slip | None:
    plain = codes.opened(portal.offices.keys, code.code, row.login_id)
    if plain is None:
        return None
    return Slip(row.login_id, row.name, row.establishment_name, codes.grouped(plain), code.expires_at)


def _may(actor: Subject, row: PersonRow) -> bool:
    return may_issue_code(actor, as_subject(row))


def _open(row: PersonRow) -> list[Candidate]:
    return [] if row.enrolled_at is not None else [Candidate(row.login_id, row.code_until)]
