"""What the pages write into the audit record: events of `core.events` with who asks."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.events import Event
from gateway.core.subject import Subject
from gateway.stores.base import AuditEvent

__all__ = ["Asker", "Event"]


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
