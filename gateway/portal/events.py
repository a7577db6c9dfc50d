"""What the pages write into the audit record: a closed list of `source.subject.action`."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from gateway.core.subject import Subject
from gateway.stores.base import AuditEvent


class Event(enum.StrEnum):
    """Names of audit events."""

    ENROLMENT_BEGUN = "portal.enrolment.begun"
    ENROLMENT_CONFIRMED = "portal.enrolment.confirmed"
    CODE_ACCEPTED = "portal.code.accepted"
    CODE_REFUSED = "portal.code.refused"
    CODE_REPLAYED = "portal.code.replayed"
    FACTOR_LOCKED = "portal.factor.locked"
    FACTOR_STOPPED = "portal.factor.stopped"
    RESTRICTED_CHOSEN = "portal.session.restricted"
    SESSION_CANCELLED = "portal.session.cancelled"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who does it: the subject, from which client address, under which reference."""

    subject: Subject
    address: str
    reference: str

    def event(self, name: Event, at: float, detail: tuple[tuple[str, str], ...] = ()) -> AuditEvent:
        """An audit event of this person about themselves."""
        subject = self.subject
        return AuditEvent(
            at,
            name.value,
            self.reference,
            subject.login_id,
            subject.login_id,
            subject.office,
            subject.establishment,
            self.address,
            detail,
        )
