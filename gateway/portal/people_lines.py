"""Rows of the registry as lines of a page."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.core.rights import Right, right_to_reset
from gateway.core.subject import Kind, Subject
from gateway.portal.locked import full_minute
from gateway.portal.reset_targets import Resettable, as_subject
from gateway.portal.views_people import PersonLine, StateWords
from gateway.stores.base_people import FactorState, PersonRow


def stands(row: PersonRow) -> StateWords:
    """How a person stands, with the time that belongs to it."""
    if row.state is FactorState.ENROLLED:
        return StateWords(row.state.value, row.enrolled_at)
    if row.state is FactorState.LOCKED and row.locked_until is not None:
        return StateWords(row.state.value, full_minute(row.locked_until))
    return StateWords(row.state.value)


def listed(rows: Iterable[PersonRow], actor: Subject, ticked: Iterable[str]) -> tuple[PersonLine, ...]:
    """Lines of the list: whom `actor` may reset can be ticked."""
    chosen = frozenset(ticked)
    return tuple(_line(row, _way(actor, row), row.login_id in chosen) for row in rows)


def previewed(people: Iterable[Resettable]) -> tuple[PersonLine, ...]:
    """Lines of those who are about to be reset."""
    return tuple(_line(one.row, "none") if one.row is not None else _unlisted(one.subject) for one in people)


def spoken(line: PersonLine) -> str:
    """A person in a sentence."""
    return f"{line.name}（{line.login_id}）" if line.name else line.login_id


def _line(row: PersonRow, way: str, ticked: bool = False) -> PersonLine:
    staff = row.kind == Kind.OFFICE.value
    code, name = ("", "") if staff else (row.establishment, row.establishment_name)
    return PersonLine(row.login_id, row.name, code, name, stands(row), way, ticked)


def _way(actor: Subject, row: PersonRow) -> str:
    right = right_to_reset(actor, as_subject(row))
    if right is Right.OWN:
        return "own"
    return "none" if right is None else "tick"


def _unlisted(subject: Subject) -> PersonLine:
    """Somebody whom the directory knows and no list has yet."""
    return PersonLine(subject.login_id, subject.name, subject.establishment, "", StateWords("unlisted"), "none")
