"""What must not be torn apart where a line ends: forms of companies, login IDs, dates and codes to type."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

# A browser breaks Japanese between any two letters, and after a hyphen everywhere.
_WHOLE = re.compile(
    r"(株式会社|有限会社|合同会社|合資会社|合名会社|[A-Z][0-9]{6,10}|[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9A-Z]{5}-[0-9A-Z]{5}|UTF-8|Shift_JIS)"
)


def whole(text: str) -> Markup:
    """The text as HTML, each such piece in an element of class `whole`. Not for attributes."""
    pieces = _WHOLE.split(text)
    return Markup("").join(
        Markup('<span class="whole">{}</span>').format(piece) if number % 2 else escape(piece)
        for number, piece in enumerate(pieces)
    )
