"""Dates as people type them: 2026-11-21, 2026/11/21, 20261121, 2026年11月21日, in full width too (B.10)."""

from __future__ import annotations

import re
from datetime import date

from gateway.core.normal_forms import normal_form

_TYPED = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|(\d{2})(\d{2})|年(\d{1,2})月(\d{1,2})日)", re.ASCII
)


def typed_date(text: str) -> date | None:
    """The date, or None when this is none: a day that no calendar has, a year without its century, an era's year."""
    found = _TYPED.fullmatch(normal_form("NFKC", text).strip())
    if found is None:
        return None
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        return date(year, month, day)
    except ValueError:
        return None
