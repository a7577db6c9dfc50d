"""Who a login ID is: kind, office, establishment, employee number, role."""

from __future__ import annotations

import enum
import unicodedata
from dataclasses import dataclass

from gateway.core.normal_forms import normal_form


class Kind(enum.StrEnum):
    """Which sort of tenant a person belongs to."""

    OFFICE = "office"
    ESTABLISHMENT = "establishment"
    UNKNOWN = "unknown"  # the app knows the person, the directory does not: always a second factor


class Feature(enum.StrEnum):
    """What an establishment may exempt from the second factor."""

    PAYSLIP_OWN = "payslip.own"
    ATTENDANCE_PUNCH = "attendance.punch"
    ATTENDANCE_NOTIFICATIONS = "attendance.notifications"


@dataclass(frozen=True, slots=True)
class Subject:
    """A login ID with what the directory says of it. Codes are strings as written, leading zeros kept."""

    login_id: str
    kind: Kind
    office: str = ""
    establishment: str = ""
    employee: str = ""
    role: str = ""
    name: str = ""


def canonical_login_id(typed: str) -> str:
    """Fold the spellings that a legacy app may accept for one person into one.

    Two spellings of one ID must share one second factor and one lock-out: without folding, a thief of the
    password could enrol afresh as `b00000101` (CVE-2026-47203 was of this kind). Width, case, accents and
    surrounding space are folded: many databases collate `B\u0301` equal to `B`. Raises ValueError for an empty ID or
    one with control characters.
    """
    folded = _unmarked(_unmarked(typed).upper()).strip()  # twice: capitals of some letters (`\u01f0`) bring a mark
    if not folded or len(folded) > 128:
        raise ValueError("a login ID has 1 to 128 characters")
    if any(unicodedata.category(character)[0] == "C" for character in folded):
        raise ValueError("a login ID holds no control characters")
    return folded


def _unmarked(text: str) -> str:
    """Width folded, combining (Mn) and enclosing (Me) marks gone."""
    apart = normal_form("NFKD", text)
    bare = "".join(character for character in apart if unicodedata.category(character) not in ("Mn", "Me"))
    return normal_form("NFKC", bare)
