"""Unicode's normal forms in time that grows with the text alone: `unicodedata.normalize` sorts each run of combining
marks by insertion, so fifty thousand marks in one field of a form would hold the loop for twenty seconds.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

Form = Literal["NFKC", "NFKD"]

_LONGEST_RUN: Final = 64  # UAX #15, 13 allows 30 marks; a letter may bring three
# Characters that begin something new, whatever stands before them: Latin, kana, kanji, full-width and half-width.
_STARTERS = r"\x00-\u02ff\u3000-\u3029\u3041-\u3096\u309d-\u30ff\u4e00-\u9fff\uff01-\uff9d"
_LONG_RUN = re.compile(rf"[^{_STARTERS}]{{{_LONGEST_RUN + 1}}}")
_PIECE = re.compile(rf"[{_STARTERS}]*+[^{_STARTERS}]{{0,{_LONGEST_RUN}}}+")


def normal_form(form: Form, text: str) -> str:
    """As `unicodedata.normalize`, but that an endless run of marks is taken in pieces: no language has one."""
    if text.isascii():
        return text
    if not _LONG_RUN.search(text):
        return unicodedata.normalize(form, text)  # noqa: TID251 - no run in it is long
    return "".join(unicodedata.normalize(form, piece) for piece in _PIECE.findall(text))  # noqa: TID251
