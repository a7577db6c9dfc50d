"""Who will be stopped on a date (F4): the roster, beside what holds for each tenant then and who is enrolled.

The rules are those of `core.policy.effective_policy` for a moment to come, in SQL, because a million people are asked
for at once. They are read some ten thousand at a time, by office, establishment and login ID: no statement takes long,
and no transaction stays open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.core.subject import Feature, Kind
from gateway.stores.base_audit import OfficeReadiness, ReadinessRules, UnreadyPerson
from gateway.stores.database import Database
from gateway.stores.tables import (
    configured_tenants,
    establishment_settings,
    lockouts,
    office_settings,
    people,
    second_factors,
)

_PIECE = 20_000  # people that one statement looks at
_TOLD_AT_ONCE = 500
_COUNTS = 6  # of an OfficeReadiness


class ReadinessRecords:
    """The part of a Registry that looks ahead."""

    _database: Database

    async def readiness(self, rules: ReadinessRules, office: str | None = None) -> tuple[OfficeReadiness, ...]:
        """See Readiness.readiness."""
        sums: dict[str, list[int]] = defaultdict(lambda: [0] * _COUNTS)
        async for piece in self._pieces(rules, office):
            async with self._database.reading() as connection:
                await _without_jit(connection)
                for found, *counts in await connection.execute(_counted(piece, rules)):
                    sums[found] = [had + more for had, more in zip(sums[found], counts, strict=True)]
        return tuple(_office(name, *counts) for name, counts in sums.items())

    async def unready_people(
        self, rules: ReadinessRules, office: str | None = None
    ) -> AsyncIterator[tuple[UnreadyPerson, ...]]:
        """See Readiness.unready_people."""
        kept: list[UnreadyPerson] = []
        async for piece in self._pieces(rules, office):
            async with self._database.reading() as connection:
                await _without_jit(connection)
                rows = (await connection.execute(_unready(piece, rules))).all()
            kept.extend(UnreadyPerson(*row) for row in rows)
            while len(kept) >= _TOLD_AT_ONCE:
                told, kept = kept[:_TOLD_AT_ONCE], kept[_TOLD_AT_ONCE:]
                yield tuple(told)
        if kept:
            yield tuple(kept)

    async def _pieces(self, rules: ReadinessRules, office: str | None) -> AsyncIterator[sa.FromClause]:
        """Everybody, piece by piece, in order."""
        person = people.c
        # Within one office the office is no part of the place: SQLite would read the office from its beginning.
        place: tuple[sa.Column[Any], ...] = (person.establishment, person.login_id)
        theirs = sa.true() if office is None else person.office == office
        if office is None:
            place = (person.office, *place)
        rest = theirs
        while True:
            ends = sa.select(*place).where(rest).order_by(*place).offset(_PIECE - 1).limit(1)
            async with self._database.reading() as connection:
                end = (await connection.execute(ends)).one_or_none()
            piece = _standing(rest, rules).order_by(*place).limit(_PIECE).subquery("piece")
            if end is None:
                yield piece
                return
            # The limit tells a database how few they are, the end keeps out who has joined them since.
            until = sa.tuple_(*(piece.c[column.name] for column in place)) <= sa.tuple_(*end)
            yield sa.select(piece).where(until).subquery("ended")
            rest = sa.and_(theirs, sa.tuple_(*place) > sa.tuple_(*end))


async def _without_jit(connection: AsyncConnection) -> None:
    """PostgreSQL would take longer to compile the query of a piece than to answer it."""
    if connection.dialect.name == "postgresql":
        await connection.execute(sa.text("SET LOCAL jit = off"))


def _standing(which: sa.ColumnElement[bool], rules: ReadinessRules) -> sa.Select[Any]:
    """These people, with 1 in `enrolled` and `barred` where they are. Both are looked up for each of them: a join would
    make a database read everybody's second factors for every piece."""
    person, factor, lock = people.c, second_factors.c, lockouts.c
    enrolled = sa.select(sa.literal(1)).where(factor.login_id == person.login_id).scalar_subquery()
    bars = sa.case((sa.or_(lock.stopped, lock.locked_until > rules.at), 1))
    barred = sa.select(bars).where(lock.login_id == person.login_id).scalar_subquery()
    return sa.select(
        person.office,
        person.establishment,
        person.login_id,
        person.kind,
        person.name,
        enrolled.label("enrolled"),
        barred.label("barred"),
    ).where(which)


def _counted(piece: sa.FromClause, rules: ReadinessRules) -> sa.Select[Any]:
    """By office: the counts of these people. Tenants are looked up once for each establishment, not for each person."""
    person = piece.c
    groups = (
        sa.select(
            person.office,
            person.establishment,
            person.kind,
            sa.func.count().label("people"),
            sa.func.count(person.enrolled).label("enrolled"),
            sa.func.count(sa.case((person.enrolled.is_not(None), person.barred))).label("barred"),
        )
        .group_by(person.office, person.establishment, person.kind)
        .subquery("groups")
    )
    group = groups.c
    required, exempt = _required(groups, rules), _exempt(rules)
    missing = group.people - group.enrolled

    def total(count: sa.ColumnElement[int], *when: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        counted = sa.case((sa.and_(*when), count), else_=0) if when else count
        return sa.cast(sa.func.sum(counted), sa.BigInteger)

    employees = group.kind == Kind.ESTABLISHMENT.value
    return (
        sa.select(
            group.office,
            total(group.people),
            total(group.enrolled),
            total(missing, required, sa.not_(sa.and_(employees, exempt))),
            total(missing, required, employees, exempt),
            total(group.barred, required),
            total(group.people, sa.not_(required)),
        )
        .select_from(_with_tenants(groups))
        .group_by(group.office)
        .order_by(group.office)
    )


def _unready(piece: sa.FromClause, rules: ReadinessRules) -> sa.Select[Any]:
    """Of these people those who are not enrolled and will need a code."""
    person = piece.c
    exempt = sa.and_(person.kind == Kind.ESTABLISHMENT.value, _exempt(rules))
    return (
        sa.select(person.login_id, person.office, person.establishment, person.name, exempt.label("exempt"))
        .select_from(_with_tenants(piece))
        .where(person.enrolled.is_(None), _required(piece, rules))
        .order_by(person.office, person.establishment, person.login_id)
    )


_office_entry = configured_tenants.alias("office_entry")
_entry = configured_tenants.alias("establishment_entry")


def _with_tenants(rows: sa.FromClause) -> sa.FromClause:
    """`rows` (with office and establishment) beside what is written and stored for both. An empty code is no tenant,
    and what is written for an empty establishment is the office's own."""
    office, establishment = rows.c.office, rows.c.establishment
    stored = establishment_settings.c
    at = sa.and_(establishment != "", _entry.c.office == office, _entry.c.establishment == establishment)
    return (
        rows.outerjoin(_office_entry, sa.and_(_office_entry.c.office == office, _office_entry.c.establishment == ""))
        .outerjoin(office_settings, sa.and_(office_settings.c.office == office, office != ""))
        .outerjoin(_entry, at)
        .outerjoin(
            establishment_settings,
            sa.and_(establishment != "", office != "", stored.office == office, stored.establishment == establishment),
        )
    )


def _required(rows: sa.FromClause, rules: ReadinessRules) -> sa.ColumnElement[bool]:
    """Whether a code is needed, as `effective_policy` says it."""
    kind = rows.c.kind
    if rules.mandatory:
        return sa.true()
    unknown = kind == Kind.UNKNOWN.value
    if rules.nobody:
        return unknown
    office = _held(_office_entry, office_settings, "uses_second_factor", default=rules.office_uses)
    own = _held(_entry, establishment_settings, "uses_second_factor", default=rules.establishment_uses)
    return sa.or_(unknown, sa.and_(office, sa.or_(kind != Kind.ESTABLISHMENT.value, own)))


def _exempt(rules: ReadinessRules) -> sa.ColumnElement[bool]:
    """Whether an establishment exempts something that this program knows."""

    def named(table: sa.FromClause) -> sa.ColumnElement[bool]:
        return sa.or_(*(table.c.exempt.contains(feature.value, autoescape=True) for feature in Feature))

    return sa.case(
        (sa.func.coalesce(_entry.c.pinned, sa.false()), named(_entry)),
        (establishment_settings.c.exempt.is_not(None), named(establishment_settings)),
        (_entry.c.exempt.is_not(None), named(_entry)),
        else_=sa.literal(rules.establishment_exempts),
    )


def _held(entry: sa.FromClause, stored: sa.FromClause, column: str, *, default: bool) -> sa.ColumnElement[bool]:
    """A pin, else what is stored, else what is written, else the default."""
    pinned = sa.func.coalesce(entry.c.pinned, sa.false())
    return sa.case(
        (pinned, entry.c[column]), else_=sa.func.coalesce(stored.c[column], entry.c[column], sa.literal(default))
    )


def _office(
    name: str, everybody: int, enrolled: int, stopped: int, restricted_only: int, barred: int, unaffected: int
) -> OfficeReadiness:
    return OfficeReadiness(
        office=name,
        people=everybody,
        enrolled=enrolled,
        not_enrolled=everybody - enrolled,
        stopped=stopped,
        restricted_only=restricted_only,
        barred=barred,
        unaffected=unaffected,
    )
