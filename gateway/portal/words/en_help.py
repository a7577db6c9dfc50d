
"""English: the help pages."""

from __future__ import annotations

WORDS: dict[str, str] = {}
