"""CSV files that Excel in Japan opens right, sent in pieces: neither memory nor the loop is held by a long list (B.10).

`?encoding=cp932` in the address asks for Windows' Shift_JIS; otherwise it is UTF-8 with a byte order mark.
"""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from urllib.parse import quote

from aiohttp import web

from gateway.core.errors import StoreUnavailable
from gateway.core.spreadsheets import guarded
from gateway.portal.visits import VISIT

WINDOWS = "cp932"
UNWRITABLE = "〓"  # printers' mark for a character that the case does not hold: a `?` could have been in the name
_GETA = UNWRITABLE.encode(WINDOWS)
_MARK = b"\xef\xbb\xbf"
_TWINS = str.maketrans({"〜": "～", "−": "－", "—": "―", "‖": "∥", "¢": "￠", "£": "￡", "¬": "￢", "\xa0": " "})
_log = logging.getLogger(__name__)
Lines = Iterable[Sequence[str]]


async def send_csv(
    request: web.Request, stem: str, headings: Sequence[str], pieces: AsyncIterator[Lines]
) -> web.StreamResponse:
    """Send a file `stem`.csv. A store that does not answer at once raises, and a page says so; one that ends in the
    middle breaks the connection off, so that the browser reports the file as incomplete."""
    windows = request.query.get("encoding") == WINDOWS
    first = await anext(pieces, None) or ()
    answer = web.StreamResponse(headers={"Content-Disposition": disposition(stem)})
    answer.content_type, answer.charset = "text/csv", "shift_jis" if windows else "utf-8"
    await answer.prepare(request)
    if request.method == "HEAD":  # aiohttp would send the lines all the same, as the beginning of the next answer
        return answer
    await answer.write((b"" if windows else _MARK) + encoded([headings], windows=windows))
    try:
        await answer.write(encoded(first, windows=windows))
        async for lines in pieces:
            await answer.write(encoded(lines, windows=windows))
    except StoreUnavailable as fault:
        _log.error("%s.csv was cut off: %s, reference %s", stem, fault, request[VISIT].asker.reference)
        if request.transport is not None:
            request.transport.abort()
        return answer
    await answer.write_eof()
    return answer


def encoded(lines: Lines, *, windows: bool) -> bytes:
    """Lines as bytes, with CRLF. A cell that a spreadsheet would compute is text."""
    text = io.StringIO()
    twins = _TWINS if windows else {}  # first: a minus sign's twin is one that a spreadsheet computes
    csv.writer(text, lineterminator="\r\n").writerows(
        [guarded(cell.translate(twins)) for cell in line] for line in lines
    )
    return _windows(text.getvalue()) if windows else text.getvalue().encode()


def unwritable(text: str) -> str:
    """The characters of a text that Windows' Shift_JIS does not have, each once."""
    text = text.translate(_TWINS)
    try:
        text.encode(WINDOWS)
    except UnicodeEncodeError:
        return "".join(dict.fromkeys(one for one in text if one != UNWRITABLE and _character(one) == _GETA))
    return ""


def disposition(stem: str) -> str:
    """Save as `stem`.csv; browsers that read no UTF-8 here get a plain name (RFC 6266)."""
    plain = stem if stem.isascii() and stem.replace("-", "").replace("_", "").isalnum() else "list"
    return f"attachment; filename=\"{plain}.csv\"; filename*=UTF-8''{quote(stem, safe='')}.csv"


def _windows(text: str) -> bytes:
    try:
        return text.encode(WINDOWS)
    except UnicodeEncodeError:
        return b"".join(_character(character) for character in text)


def _character(character: str) -> bytes:
    try:
        return character.encode(WINDOWS)
    except UnicodeEncodeError:
        return _GETA
