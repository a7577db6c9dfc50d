"""What is chosen for an establishment, as the form has it (D4), and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.core.policy import TenantSettings, with_implied
from gateway.core.subject import Feature
from gateway.portal.views import Message

_ATTENDANCE = frozenset({Feature.ATTENDANCE_PUNCH, Feature.ATTENDANCE_NOTIFICATIONS})
_PARTS = (
    (Feature.PAYSLIP_OWN, "payslip"),
    (Feature.ATTENDANCE_PUNCH, "punch"),
    (Feature.ATTENDANCE_NOTIFICATIONS, "notifications"),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The form's fields. `uses`: "1", "0", or "" while nothing is chosen; `scope` counts when `attendance` is on."""

    uses: str = ""
    payslip: bool = False
    attendance: bool = False
    scope: str = "punch"

    @property
    def exempt(self) -> frozenset[Feature]:
        """What needs no code."""
        features = {Feature.PAYSLIP_OWN} if self.payslip else set()
        if self.attendance:
            features.add(Feature.ATTENDANCE_PUNCH)
            if self.scope == "notifications":
                features.add(Feature.ATTENDANCE_NOTIFICATIONS)
        return frozenset(features)

    @property
    def settings(self) -> TenantSettings | None:
        """What is chosen; None while use or not is open."""
        return TenantSettings(self.uses == "1", self.exempt) if self.uses else None


def typed_choice(fields: Mapping[str, Any]) -> Choice:
    """The choice of a form or a draft."""
    uses, scope = fields.get("uses"), fields.get("scope")
    return Choice(
        uses if uses in ("0", "1") else "",
        bool(fields.get("payslip")),
        bool(fields.get("attendance")),
        "notifications" if scope == "notifications" else "punch",
    )


def choice_of(settings: TenantSettings, *, decided: bool = True) -> Choice:
    """The form filled with settings; `decided` False: use or not is left open."""
    scope = "notifications" if Feature.ATTENDANCE_NOTIFICATIONS in settings.exempt else "punch"
    uses = str(int(settings.uses_second_factor)) if decided else ""
    return Choice(uses, Feature.PAYSLIP_OWN in settings.exempt, bool(settings.exempt & _ATTENDANCE), scope)


def uses_words(settings: TenantSettings) -> Message:
    """「利用する」 or 「利用しない」."""
    return Message("settings.uses" if settings.uses_second_factor else "settings.unused")


def exempt_words(settings: TenantSettings) -> Message:
    """What needs no code."""
    exempt = with_implied(settings.exempt)
    parts = "+".join(word for feature, word in _PARTS if feature in exempt)
    return Message(f"settings.exempt.{parts or 'none'}")
