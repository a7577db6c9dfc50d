
"""Japanese: the settings pages of an office."""

from __future__ import annotations

WORDS: dict[str, str] = {}
