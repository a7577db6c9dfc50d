"""Cells of CSV files as spreadsheets take them."""

from __future__ import annotations

# Excel in Japan computes what begins with a full-width sign too.
_FORMULA = ("=", "+", "-", "@", "\t", "\0", "\r", "\n", "＝", "＋", "－", "＠")


def guarded(cell: str) -> str:
    """The cell as text for every spreadsheet: one that would be computed gets a quote before it (OWASP ASVS 1.2.10)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
