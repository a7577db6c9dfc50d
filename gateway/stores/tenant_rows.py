"""Establishments with what holds for them, in SQL: a pin, else what is stored, else the entry of the file, else the
default."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from gateway.core.folding import folded
from gateway.core.policy import TenantSettings
from gateway.core.setting_words import as_words
from gateway.core.subject import Feature
from gateway.stores.base_tenants import EstablishmentQuery, EstablishmentRow
from gateway.stores.database import Database
from gateway.stores.tables import configured_tenants, establishment_settings, establishments

_LONGEST_TYPED = 200  # characters; what is kept for searching is no longer either
_FEATURES = {str(feature): feature for feature in Feature}

_roster, _stored, _entry = establishments.c, establishment_settings.c, configured_tenants.c


def holding(rows: sa.FromClause = establishments) -> sa.FromClause:
    """`rows` (with the columns `office` and `code`) beside what is stored and what the file says for each."""
    office, code = rows.c.office, rows.c.code
    stored = sa.and_(_stored.office == office, _stored.establishment == code)
    written = sa.and_(_entry.office == office, _entry.establishment == code)
    return rows.outerjoin(establishment_settings, stored).outerjoin(configured_tenants, written)


def held_uses(default: TenantSettings) -> sa.ColumnElement[Any]:
    """Whether a row of `holding` is to use the second factor."""
    return _held(_entry.uses_second_factor, _stored.uses_second_factor, default.uses_second_factor)


def held_exempt(default: TenantSettings) -> sa.ColumnElement[Any]:
    """What it exempts, as text."""
    return _held(_entry.exempt, _stored.exempt, exempt_text(default))


def holding_columns(rows: sa.FromClause, default: TenantSettings) -> list[sa.ColumnElement[Any]]:
    """What `row_of` reads from `holding(rows)`. `stored`: NULL where nothing is."""
    return [
        rows.c.code,
        rows.c.name,
        rows.c.kana,
        held_uses(default).label("uses"),
        held_exempt(default).label("exempt"),
        sa.func.coalesce(_entry.pinned, sa.false(), type_=sa.Boolean).label("pinned"),
        _stored.revision,
        _stored.changed_at,
        _stored.changed_by,
    ]


def row_of(row: sa.Row[Any]) -> EstablishmentRow:
    """The row of a query for `holding_columns`."""
    code, name, kana, uses, exempt, pinned, revision, changed_at, changed_by = tuple(row)
    settings = held_settings(uses, exempt)
    return EstablishmentRow(code, name, kana, settings, pinned, revision or 0, changed_at, changed_by or "")


@functools.lru_cache(maxsize=64)
def held_settings(uses: bool, exempt: str) -> TenantSettings:
    """Settings as columns have them. There are few, and lists of a hundred thousand are made of them."""
    return TenantSettings(bool(uses), features(exempt))


@functools.lru_cache(maxsize=64)
def held_words(uses: bool, exempt: str) -> str:
    """The same in the words of audit events."""
    return as_words(held_settings(uses, exempt))


def searched(database: Database, query: EstablishmentQuery) -> sa.FromClause:
    """Where `found_by` looks."""
    return establishments if query.uses is None or database.embedded else holding()


def found_by(
    database: Database, query: EstablishmentQuery, default: TenantSettings
) -> Iterator[sa.ColumnElement[bool]]:
    """What a row of `searched`, or of `holding`, must fulfil."""
    yield _roster.office == query.office
    if query.code_from:
        yield _roster.code >= typed(query.code_from)
    if query.code_to:
        yield _roster.code <= typed(query.code_to)
    for column, text in ((_roster.folded_name, query.name), (_roster.folded_kana, query.kana)):
        if wanted := folded(text[:_LONGEST_TYPED]):
            yield column.contains(wanted, autoescape=True)
    if query.uses is not None and database.embedded:
        # SQLite joins by looking rows up one by one; it looks a code up in one list far sooner. PostgreSQL joins well,
        # and might go through such a list again and again where it expects to find little.
        unlike = _roster.code.in_(_unlike(query.office, default))
        yield sa.not_(unlike) if query.uses == default.uses_second_factor else unlike
    elif query.uses is not None:
        yield held_uses(default) if query.uses else sa.not_(held_uses(default))


def _unlike(office: str, default: TenantSettings) -> sa.CompoundSelect[Any]:
    """Codes of those that use the second factor where by default they would not, or the other way round: only who has
    something stored or written can be one of them."""
    stored, entry = establishment_settings.alias("own"), configured_tenants.alias("written")

    def unlike(uses: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        return sa.not_(uses) if default.uses_second_factor else uses

    same = sa.and_(stored.c.office == entry.c.office, stored.c.establishment == entry.c.establishment)
    held = sa.case((entry.c.pinned, entry.c.uses_second_factor), else_=stored.c.uses_second_factor)
    with_stored = sa.select(stored.c.establishment).select_from(stored.outerjoin(entry, same))
    with_entry = sa.select(entry.c.establishment).select_from(entry.outerjoin(stored, same))
    return sa.union_all(
        with_stored.where(stored.c.office == office, unlike(held)),
        with_entry.where(entry.c.office == office, stored.c.office.is_(None), unlike(entry.c.uses_second_factor)),
    )


def typed(text: str) -> str:
    """A code that somebody typed, without what no database takes for text."""
    return text.replace("\0", "")


def exempt_text(settings: TenantSettings) -> str:
    """The names of what is exempt, in order."""
    return " ".join(sorted(settings.exempt))


def features(text: str) -> frozenset[Feature]:
    """Features by name. One that this program does not know exempts nothing."""
    return frozenset(_FEATURES[name] for name in text.split() if name in _FEATURES)


def slices(codes: Iterable[str], length: int = 2000) -> Iterator[list[str]]:
    """Codes in order, so many at a time: no statement is long, and neither is the loop held."""
    ordered = sorted(codes)
    return (ordered[start : start + length] for start in range(0, len(ordered), length))


def _held(entry: sa.ColumnElement[Any], stored: sa.ColumnElement[Any], default: str | bool) -> sa.ColumnElement[Any]:
    return sa.case((_entry.pinned, entry), else_=sa.func.coalesce(stored, entry, sa.literal(default)))
