"""Whom a reset is for, by which right, and doing it. Every page that resets somebody goes through here.

login IDs ──► directory, else roster ──► core.rights.right_to_reset ──► registry.reset_all ──► sessions end
              unknown: left out          None: left out
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.rights import Right, right_to_reset
from gateway.core.subject import Kind, Subject, canonical_login_id
from gateway.portal.events import Event
from gateway.portal.visits import Offices, Portal, Visit
from gateway.stores.base_people import FactorState, PersonRow, Target
from gateway.stores.base_tenants import Stamp


@dataclass(frozen=True, slots=True)
class Resettable:
    """Somebody whom this person may reset, by this right. `row` None: the roster does not have them."""

    subject: Subject
    right: Right
    row: PersonRow | None

    @property
    def has_nothing(self) -> bool:
        """Whether there is no second factor and no lock to forget, as far as the roster tells."""
        return self.row is not None and self.row.state is FactorState.NOT_ENROLLED


@dataclass(frozen=True, slots=True)
class Chosen:
    """What became of the IDs of a form. `refused`: unknown, or of somebody else: which of the two is nobody's
    business. `own`: the person's own ID is among them."""

    people: tuple[Resettable, ...]
    refused: tuple[str, ...]
    own: bool = False


def as_subject(row: PersonRow) -> Subject:
    """A person of the roster as the directory would describe them."""
    kind = Kind(row.kind) if row.kind in set(Kind) else Kind.UNKNOWN
    return Subject(row.login_id, kind, row.office, row.establishment, row.employee, row.role, row.name)


async def actor_now(portal: Portal, visit: Visit) -> Subject:
    """The person at the page as the directory knows them now: who left an office a minute ago resets nobody in it.

    Whom it does not know any more keeps the ID alone, which gives no right but the one to oneself.
    """
    found = await portal.offices.find_subject(visit.login_id)
    return found if found is not None and found.login_id == visit.login_id else Subject(visit.login_id, Kind.UNKNOWN)


async def found_subject(offices: Offices, login_id: str, now: float) -> tuple[Subject, PersonRow | None] | None:
    """Who a canonical login ID is: the directory's word, else the roster's; None: nobody knows it."""
    subject = await offices.find_subject(login_id)
    row = await offices.registry.person_row(subject.login_id if subject is not None else login_id, now)
    if subject is not None:
        return subject, row
    return None if row is None else (as_subject(row), row)


async def chosen(portal: Portal, visit: Visit, login_ids: Sequence[str]) -> Chosen:
    """Sort the IDs of a form by what this person may do with them. Raises StoreUnavailable."""
    actor, now = await actor_now(portal, visit), portal.clock()
    people: dict[str, Resettable] = {}
    refused: list[str] = []
    own = False
    for typed in login_ids:
        found = await _found(portal.offices, typed, now)
        right = None if found is None else right_to_reset(actor, found[0])
        if right is Right.OWN:
            own = True
        elif found is None or right is None:
            refused.append(typed)
        else:
            people[found[0].login_id] = Resettable(found[0], right, found[1])
    return Chosen(tuple(people.values()), tuple(refused), own)


async def carry_out(portal: Portal, visit: Visit, people: Sequence[Resettable]) -> None:
    """Forget their second factors, record it, end their sessions. Raises StoreUnavailable."""
    stamp = Stamp(visit.login_id, portal.clock(), visit.asker.address, visit.asker.reference)
    for right in Right:
        targets = [_target(one.subject) for one in people if one.right is right]
        if targets:
            detail = (("by", right.value),)
            await portal.offices.registry.reset_all(targets, stamp, Event.FACTOR_RESET.value, detail)
            await portal.offices.end_sessions([target.login_id for target in targets])


def _target(subject: Subject) -> Target:
    return Target(subject.login_id, subject.office, subject.establishment)


async def _found(offices: Offices, typed: str, now: float) -> tuple[Subject, PersonRow | None] | None:
    try:
        login_id = canonical_login_id(typed)
    except ValueError:
        return None
    return await found_subject(offices, login_id, now)
