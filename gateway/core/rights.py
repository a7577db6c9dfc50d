"""Who may do what to whom. Every page and command that touches another person's second factor or a tenant asks here.

Staff of an office (A-IDs) set up and reset the people of their own establishments; an establishment's administrators
reset the people of their own; among an office's own staff its administrators do. Everybody resets themselves.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from gateway.core.subject import Kind, Subject

ADMINISTRATOR = "administrator"


class Right(enum.StrEnum):
    """Why somebody may reset somebody; the word stands in the audit record."""

    OWN = "own"
    ESTABLISHMENT_ADMINISTRATOR = "establishment-administrator"
    OFFICE_STAFF = "office-staff"
    OFFICE_ADMINISTRATOR = "office-administrator"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose people somebody administers: an office with all of its establishments, or one establishment alone."""

    office: str
    establishment: str | None  # None: the whole office


def right_to_reset(actor: Subject, target: Subject) -> Right | None:
    """The right by which `actor` may reset `target`'s second factor (E1); None: they may not.

    Both come from the directory, never from a form. A tenant that is unknown (an empty code) gives no right.
    """
    if actor.login_id == target.login_id:
        return Right.OWN
    if not actor.office or actor.office != target.office:
        return None
    if actor.kind is Kind.OFFICE and target.kind is Kind.ESTABLISHMENT:
        return Right.OFFICE_STAFF
    if actor.role != ADMINISTRATOR:
        return None
    if actor.kind is Kind.OFFICE and target.kind is Kind.OFFICE:
        return Right.OFFICE_ADMINISTRATOR
    both_employees = actor.kind is Kind.ESTABLISHMENT and target.kind is Kind.ESTABLISHMENT
    if both_employees and actor.establishment and actor.establishment == target.establishment:
        return Right.ESTABLISHMENT_ADMINISTRATOR
    return None


def may_issue_code(actor: Subject, target: Subject) -> bool:
    """Whether `actor` may give `target` a registration code: whom they may reset, and staff of an office their own
    colleagues. Where the directory knows no administrators, nobody else could; the colleague's password is needed too.
    """
    if actor.login_id == target.login_id:
        return False
    colleagues = actor.kind is Kind.OFFICE and target.kind is Kind.OFFICE
    return right_to_reset(actor, target) is not None or (colleagues and actor.office == target.office != "")


def administered(actor: Subject) -> Scope | None:
    """The people whom `actor` sees in lists, resets and issues registration codes for; None: nobody but themselves."""
    if not actor.office:
        return None
    if actor.kind is Kind.OFFICE:
        return Scope(actor.office, None)
    if actor.kind is Kind.ESTABLISHMENT and actor.role == ADMINISTRATOR and actor.establishment:
        return Scope(actor.office, actor.establishment)
    return None


def may_set(actor: Subject) -> bool:
    """Whether `actor` may open the settings, the progress and the audit record of their office (D)."""
    return actor.kind is Kind.OFFICE and bool(actor.office)
