"""Texts of others as a terminal may get them."""

from __future__ import annotations

import unicodedata

_COMMANDS = frozenset(("Cc", "Cf", "Cs"))  # control, format (direction), half of a pair


def harmless(text: str) -> str:
    """The text with a mark in place of each character that a terminal would obey and not show (CWE-150)."""
    return "".join("�" if unicodedata.category(one) in _COMMANDS else one for one in text)
