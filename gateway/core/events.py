"""The names of audit events: one closed list of `source.subject.action`.

Whoever writes into the audit record takes the name from here, and every name has its words on the audit page: a test
holds both. A name that is in records already never changes its meaning.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType


class Event(enum.StrEnum):
    """Every name that the product writes. The value stands in the record, in exports and in `sekisho audit`."""

    SIGNED_IN = "sign_in.password.accepted"
    SIGN_IN_REFUSED = "sign_in.password.refused"
    SIGN_IN_PAUSED = "sign_in.password.paused"  # after many wrong ones the app is not asked for a while
    SUBJECT_UNKNOWN = "sign_in.subject.unknown"  # the app let in somebody whom the directory does not know
    RESTRICTED_CHOSEN = "portal.session.restricted"
    SESSION_CANCELLED = "portal.session.cancelled"
    ENROLMENT_BEGUN = "portal.enrolment.begun"
    ENROLMENT_CONFIRMED = "portal.enrolment.confirmed"
    NOTICE_SEEN = "portal.notice.seen"  # the owner was told of an enrolment
    CODE_ACCEPTED = "portal.code.accepted"
    CODE_REFUSED = "portal.code.refused"
    CODE_REPLAYED = "portal.code.replayed"
    FACTOR_LOCKED = "portal.factor.locked"
    FACTOR_STOPPED = "portal.factor.stopped"  # only a reset unlocks
    FACTOR_RESET = "portal.factor.reset"  # by oneself or an administrator
    FACTOR_RESET_BY_OPERATOR = "operator.factor.reset"  # from the command line
    PASSWORD_REFUSED = "portal.password.refused"  # noqa: S105 - the name of an event; asked for before a reset
    PASSWORD_LOCKED = "portal.password.locked"  # noqa: S105 - the name of an event
    REGISTRATION_ISSUED = "portal.registration.issued"
    REGISTRATION_ACCEPTED = "portal.registration.accepted"
    REGISTRATION_REFUSED = "portal.registration.refused"
    REGISTRATION_EXPORTED = "portal.registration.exported"  # codes left as a list or a print
    OFFICE_CHANGED = "settings.office.changed"
    ESTABLISHMENT_CHANGED = "settings.establishment.changed"
    ESTABLISHMENT_UNDONE = "settings.establishment.undone"
    AUDIT_EXPORTED = "portal.audit.exported"  # somebody took events away as a file


class EventGroup(enum.StrEnum):
    """What somebody who searches calls the kind of an event."""

    SIGN_IN = "sign-in"
    CODE = "code"
    ENROLMENT = "enrolment"
    LOCK = "lock"
    RESET = "reset"
    REGISTRATION = "registration"
    SETTING = "setting"
    EXPORT = "export"


GROUPS: Mapping[EventGroup, tuple[Event, ...]] = MappingProxyType(
    {
        EventGroup.SIGN_IN: (
            Event.SIGNED_IN,
            Event.SIGN_IN_REFUSED,
            Event.SIGN_IN_PAUSED,
            Event.SUBJECT_UNKNOWN,
            Event.RESTRICTED_CHOSEN,
            Event.SESSION_CANCELLED,
        ),
        EventGroup.CODE: (Event.CODE_ACCEPTED, Event.CODE_REFUSED, Event.CODE_REPLAYED),
        EventGroup.ENROLMENT: (Event.ENROLMENT_BEGUN, Event.ENROLMENT_CONFIRMED, Event.NOTICE_SEEN),
        EventGroup.LOCK: (Event.FACTOR_LOCKED, Event.FACTOR_STOPPED, Event.PASSWORD_LOCKED),
        EventGroup.RESET: (Event.FACTOR_RESET, Event.FACTOR_RESET_BY_OPERATOR, Event.PASSWORD_REFUSED),
        EventGroup.REGISTRATION: (
            Event.REGISTRATION_ISSUED,
            Event.REGISTRATION_ACCEPTED,
            Event.REGISTRATION_REFUSED,
            Event.REGISTRATION_EXPORTED,
        ),
        EventGroup.SETTING: (Event.OFFICE_CHANGED, Event.ESTABLISHMENT_CHANGED, Event.ESTABLISHMENT_UNDONE),
        EventGroup.EXPORT: (Event.AUDIT_EXPORTED, Event.REGISTRATION_EXPORTED),
    }
)
