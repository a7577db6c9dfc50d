"""People with the state of their second factor, as administrators list and search them; notices of an enrolment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from gateway.core.folding import folded
from gateway.core.subject import Kind
from gateway.stores.base_people import FactorNotice, FactorState, PeoplePage, PeopleQuery, PersonRow
from gateway.stores.database import Database
from gateway.stores.tables import establishments, lockouts, people, registration_codes, second_factors

_NOTICES = {"restricted": second_factors.c.restricted_notice_at, "full": second_factors.c.full_notice_at}


class PeopleRecords:
    """The part of a Registry that lists people."""

    _database: Database

    async def find_people(self, query: PeopleQuery, now: float, offset: int, limit: int) -> PeoplePage:
        """See People.find_people."""
        wanted = asked(query, now)
        # IDs are found by the index alone; only the page's rows are read.
        ordered = sa.select(people.c.login_id).where(*wanted).order_by(people.c.establishment, people.c.login_id)
        here = ordered.offset(offset).limit(limit).subquery("here")
        page = sa.select(people).where(people.c.login_id.in_(sa.select(here.c.login_id)))
        rows = _rows(page.subquery("page"), now)
        async with self._database.reading() as connection:
            total = (
                await connection.execute(sa.select(sa.func.count()).select_from(people).where(*wanted))
            ).scalar_one()
            found = (await connection.execute(rows)).all()
        return PeoplePage(tuple(as_person(row, now) for row in found), total)

    async def person_row(self, login_id: str, now: float) -> PersonRow | None:
        """See People.person_row."""
        one = sa.select(people).where(people.c.login_id == login_id).subquery("one")
        async with self._database.reading() as connection:
            row = (await connection.execute(_rows(one, now))).one_or_none()
        return None if row is None else as_person(row, now)

    async def login_ids(self, office: str, establishments: Sequence[str]) -> tuple[str, ...]:
        """See People.login_ids. By establishment, then login ID."""
        columns = people.c
        theirs = columns.establishment.in_(self._database.listed(establishments))
        query = sa.select(columns.login_id).where(columns.office == office, theirs)
        async with self._database.reading() as connection:
            found = await connection.execute(query.order_by(columns.establishment, columns.login_id))
            return tuple(found.scalars())

    async def enrolment_notice(self, login_id: str, kind: str) -> FactorNotice | None:
        """See People.enrolment_notice."""
        factor = second_factors.c
        unseen = sa.and_(factor.login_id == login_id, _NOTICES[kind].is_(None))
        async with self._database.reading() as connection:
            row = (
                await connection.execute(sa.select(factor.enrolled_at, factor.enrolled_from).where(unseen))
            ).one_or_none()
        return None if row is None else FactorNotice(*row)

    async def notice_seen(self, login_id: str, kind: str, enrolled_at: float, now: float) -> None:
        """See People.notice_seen."""
        factor = second_factors.c
        shown = sa.and_(factor.login_id == login_id, factor.enrolled_at == enrolled_at, _NOTICES[kind].is_(None))
        async with self._database.writing() as connection:
            await connection.execute(sa.update(second_factors).where(shown).values({_NOTICES[kind].name: now}))


def asked(query: PeopleQuery, now: float) -> list[sa.ColumnElement[bool]]:
    """What a query asks of a row of `people`: its office first, always."""
    columns = people.c
    conditions: list[sa.ColumnElement[bool]] = [columns.office == query.office]
    if query.establishment is not None:
        conditions.append(columns.establishment == query.establishment)
    if query.establishment == "":
        conditions.append(columns.kind == Kind.OFFICE.value)
    text = folded(query.text)
    if text:
        conditions.append(columns.folded.contains(text, autoescape=True))
    if query.state is not None:
        conditions.extend(_in_state(query.state, now))
    if query.enrolled_since is not None:
        # Asked of each person of the office: a list of everybody who enrolled anywhere may be far longer.
        factor = second_factors.c
        since = sa.exists().where(factor.login_id == columns.login_id, factor.enrolled_at >= query.enrolled_since)
        conditions.append(since)
    return conditions


def _in_state(state: FactorState, now: float) -> list[sa.ColumnElement[bool]]:
    """Conditions on a row of `people`. Locked and stopped are few, so they are looked up from their side."""
    login_id, lock = people.c.login_id, lockouts.c
    locked = sa.and_(lock.locked_until > now, sa.not_(lock.stopped))
    if state is FactorState.STOPPED:
        return [login_id.in_(sa.select(lock.login_id).where(lock.stopped))]
    if state is FactorState.LOCKED:
        return [login_id.in_(sa.select(lock.login_id).where(locked))]
    barred = sa.exists().where(lock.login_id == login_id, sa.or_(lock.stopped, lock.locked_until > now))
    enrolled = sa.exists().where(second_factors.c.login_id == login_id)
    return [enrolled if state is FactorState.ENROLLED else sa.not_(enrolled), sa.not_(barred)]


def _rows(found: sa.Subquery, now: float) -> sa.Select[Any]:
    """What `as_person` reads, for these rows of `people`."""
    person, factor, lock, code = found.c, second_factors.c, lockouts.c, registration_codes.c
    at = sa.and_(establishments.c.office == person.office, establishments.c.code == person.establishment)
    good = sa.and_(code.login_id == person.login_id, code.expires_at > now)
    return (
        sa.select(
            person.login_id,
            person.kind,
            person.office,
            person.establishment,
            sa.func.coalesce(establishments.c.name, "").label("establishment_name"),
            person.employee,
            person.role,
            person.name,
            factor.enrolled_at,
            sa.func.coalesce(factor.enrolled_from, "").label("enrolled_from"),
            lock.locked_until,
            lock.stopped,
            code.expires_at.label("code_until"),
            code.issued_at.label("code_issued_at"),
            code.code,
        )
        .select_from(
            found.outerjoin(establishments, at)
            .outerjoin(second_factors, factor.login_id == person.login_id)
            .outerjoin(lockouts, lock.login_id == person.login_id)
            .outerjoin(registration_codes, good)
        )
        .order_by(person.establishment, person.login_id)
    )


def people_with_codes(query: PeopleQuery, now: float) -> sa.Select[Any]:
    """Rows for `as_person` of everybody in the query who has a code that is good now."""
    code = registration_codes.c
    good = people.c.login_id.in_(sa.select(code.login_id).where(code.expires_at > now))
    found = sa.select(people).where(*asked(query, now), good).subquery("found")
    return _rows(found, now).where(code.login_id.is_not(None))


def as_person(row: sa.Row[Any], now: float) -> PersonRow:
    """One person. A lock or a stop is shown before the enrolment behind it."""
    locked_until = row.locked_until if row.locked_until is not None and row.locked_until > now else None
    if row.stopped:
        state = FactorState.STOPPED
    elif locked_until is not None:
        state = FactorState.LOCKED
    else:
        state = FactorState.NOT_ENROLLED if row.enrolled_at is None else FactorState.ENROLLED
    return PersonRow(
        row.login_id,
        row.kind,
        row.office,
        row.establishment,
        row.establishment_name,
        row.employee,
        row.role,
        row.name,
        state,
        row.enrolled_at,
        row.enrolled_from,
        locked_until,
        row.code_until,
    )
