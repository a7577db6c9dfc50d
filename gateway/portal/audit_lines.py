"""From an audit event to what a person reads: who did what to whom, and what was before and after.

An event of another version of the program, or a detail that this one does not know, is shown as it was written: nothing
of the record is held back from those who may read it.
"""

from __future__ import annotations

from gateway.core.events import Event
from gateway.core.policy import TenantSettings
from gateway.core.rights import Right
from gateway.core.setting_words import from_words
from gateway.core.subject import Feature
from gateway.portal.views import Message
from gateway.portal.views_records import AuditLine
from gateway.stores.base_audit import AuditEvent, NumberedEvent

_KNOWN = frozenset(event.value for event in Event)
_RIGHTS = frozenset(right.value for right in Right)
_NOTES = frozenset({"as", "by", "change", "clock_offset_steps", "count", "left", "reason", "rule", "search", "user"})
_CHANGES = ("before", "after")
_FEATURES = (Feature.ATTENDANCE_PUNCH, Feature.ATTENDANCE_NOTIFICATIONS, Feature.PAYSLIP_OWN)


def line_of(numbered: NumberedEvent) -> AuditLine:
    """The event as a line of the audit page."""
    event = numbered.event
    details = dict(event.detail)
    return AuditLine(
        numbered.number,
        event.at,
        sentence_of(event),
        event.actor,
        event.subject if event.subject != event.actor else "",
        event.office,
        event.establishment,
        event.address,
        event.reference,
        before=setting_of(details.get("before", "")),
        after=setting_of(details.get("after", "")),
        notes=tuple(_note(name, value) for name, value in event.detail if name not in _CHANGES),
    )


def sentence_of(event: AuditEvent) -> Message:
    """What happened, in one sentence."""
    if event.name in _KNOWN:
        return Message(f"event.{event.name}")
    return Message("audit.event.other", (("name", event.name),))


def setting_of(words: str) -> tuple[Message, ...]:
    """A setting in parts: used or not, what needs no code, whether registration codes are asked for."""
    if not words:
        return ()
    try:
        settings = from_words(words)
    except ValueError:
        return (Message("audit.as-written", (("words", words),)),)
    return _parts(settings)


def _parts(settings: TenantSettings) -> tuple[Message, ...]:
    parts = [Message("audit.setting.on" if settings.uses_second_factor else "audit.setting.off")]
    parts += [Message(f"audit.setting.{feature.value}") for feature in _FEATURES if feature in settings.exempt]
    if settings.registration_codes:
        parts.append(Message("audit.setting.codes"))
    return tuple(parts)


def _note(name: str, value: str) -> Message:
    if name == "right" and value in _RIGHTS:
        return Message(f"audit.note.right.{value}")
    if name in _NOTES:
        return Message(f"audit.note.{name}", ((name, value),))
    return Message("audit.note.other", (("name", name), ("value", value)))
