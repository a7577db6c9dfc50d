"""Registration codes: what an office hands to somebody on paper, so that a stolen password alone enrols nobody (R-024).

Ten letters and digits that nobody mistakes for one another: 50 bits, behind the lock-out that wrong codes have.
"""

from __future__ import annotations

import hmac
import re
import secrets

from gateway.core.errors import SealBroken
from gateway.core.normal_forms import normal_form
from gateway.portal.second_factor import Seals

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without 0, O, 1 and I
LENGTH = 10
_GROUP = 5
_GAPS = re.compile(r"[\s\-‐-―−ー_.]")


def new_code() -> str:
    """A code that nobody can guess."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def grouped(code: str) -> str:
    """As it is printed: ABCDE-FGH23."""
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def normalised(typed: str) -> str:
    """What was typed without case, width, spaces and hyphens."""
    return _GAPS.sub("", normal_form("NFKC", typed[:200])).upper()


def what_is_wrong(code: str) -> str:
    """Why a normalised text can be no code: `empty`, `letters` or `length-N`; nothing when it can be one."""
    if not code:
        return "empty"
    if not set(code) <= set(ALPHABET):
        return "letters"
    return "" if len(code) == LENGTH else f"length-{len(code)}"


def sealed(keys: Seals, code: str, login_id: str) -> bytes:
    """For the registry. Sealed for another name than a second factor is: neither can be passed off as the other."""
    return keys.seal(code.encode("ascii"), _owner(login_id))


def opened(keys: Seals, code: bytes, login_id: str) -> str | None:
    """The code that was sealed; None when its key has left the ring: such a code is of no use any more."""
    try:
        return keys.open(code, _owner(login_id)).decode("ascii")
    except SealBroken:
        return None


def same(one: str, other: str | None) -> bool:
    """Compared without telling by its time how much of it was right."""
    return other is not None and hmac.compare_digest(one.encode(), other.encode())


def _owner(login_id: str) -> bytes:
    return b"registration:" + login_id.encode()
