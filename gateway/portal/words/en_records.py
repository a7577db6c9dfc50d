
"""English: audit record, progress and rollout."""

from __future__ import annotations

WORDS: dict[str, str] = {}
