"""Settings of a tenant in one line, as the audit record keeps them: `use=1 exempt=attendance.punch,payslip.own`.

use=0|1             the second factor is used
exempt=a,b          features by name, in order; left out when there are none
codes=1             an enrolment needs a registration code; left out when it does not
"""

from __future__ import annotations

from gateway.core.policy import TenantSettings
from gateway.core.subject import Feature

_FEATURES = {feature.value: feature for feature in Feature}


def as_words(settings: TenantSettings) -> str:
    """The one spelling of these settings."""
    words = [f"use={settings.uses_second_factor:d}"]
    if settings.exempt:
        words.append("exempt=" + ",".join(sorted(feature.value for feature in settings.exempt)))
    if settings.registration_codes:
        words.append("codes=1")
    return " ".join(words)


def from_words(text: str) -> TenantSettings:
    """What `as_words` wrote. Features of another version exempt nothing. Raises ValueError."""
    words = dict(word.split("=", 1) for word in text.split(" ") if "=" in word)
    if words.get("use") not in ("0", "1"):
        raise ValueError("not settings in words")
    exempt = frozenset(_FEATURES[name] for name in words.get("exempt", "").split(",") if name in _FEATURES)
    return TenantSettings(words["use"] == "1", exempt, words.get("codes") == "1")
