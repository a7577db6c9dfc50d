"""Time-based one-time passwords (RFC 6238: SHA-1, six digits, 30 s). Pure: the caller brings the clock."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

import pyotp

from gateway.core.normal_forms import normal_form

STEP_SECONDS = 30
SECRET_BYTES = 20
_SIX_DIGITS = re.compile(r"[0-9]{6}", re.ASCII)
_IGNORED = re.compile(r"[\s\-‐-―−ー]")


@dataclass(frozen=True, slots=True)
class Window:
    """How many steps a clock may be off, each way. The RFC recommends one (section 5.2)."""

    past: int = 1
    future: int = 1


def normalise_code(typed: str) -> str | None:
    """Full-width digits, spaces and hyphens are forgiven; anything but six ASCII digits is None.

    NFKC before the test: `int()` and `str.isdigit()` also take Arabic-Indic digits, which are refused here.
    """
    folded = _IGNORED.sub("", normal_form("NFKC", typed))
    return folded if _SIX_DIGITS.fullmatch(folded) else None


def current_step(now: float) -> int:
    """The number of the 30-second step that `now` (Unix seconds) lies in."""
    return int(now // STEP_SECONDS)


def matching_step(secret: str, code: str, now: float, window: Window) -> int | None:
    """The step in the window that `code` belongs to, or None. `secret` is base32.

    Every step is compared, in constant time each, so that timing tells nothing about which one matched.
    """
    generator = pyotp.HOTP(secret)
    here = current_step(now)
    found: int | None = None
    for step in range(here - window.past, here + window.future + 1):
        if hmac.compare_digest(generator.at(step), code):
            found = step
    return found


def clock_offset_steps(secret: str, code: str, now: float, reach: int = 20) -> int | None:
    """How many steps off the clock of the device seems to be: for the operator's log, never for acceptance."""
    here = current_step(now)
    generator = pyotp.HOTP(secret)
    for distance in range(1, reach + 1):
        for step in (here - distance, here + distance):
            if step >= 0 and hmac.compare_digest(generator.at(step), code):
                return step - here
    return None
