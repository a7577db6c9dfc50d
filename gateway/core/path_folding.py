"""The most generous reading of a path: for finding what an app might take for something protected."""

from __future__ import annotations

import re

from gateway.core.escapes import unescape
from gateway.core.normal_forms import normal_form

_ROUNDS = 8
_OVERLONG = re.compile(rb"[\xc0\xc1]([\x80-\xbf])|\xe0([\x80-\x9f])([\x80-\xbf])")
# What Windows code pages and Shift_JIS make of characters that only look like a separator.
_BEST_FIT = str.maketrans({"\u2215": "/", "\u2044": "/", "\u2216": "\\", "\u00a5": "\\", "\u20a9": "\\"})
_COOKIELESS = re.compile(r"/\([a-z]\([^/]*?\)\)")  # ASP.NET takes `/(S(…))` out wherever it stands (CVE-2023-36899)
_CUT = re.compile(r"[;?#:\0]")
_CONTROL = re.compile(r"[\x01-\x1f\x7f\u200b-\u200f\ufeff]")


def folded_path(path: bytes) -> bytes:
    """`path` as the most careless app would read it, lower case, starting with `/`.

    Escapes are decoded up to eight times, overlong UTF-8 and compatibility characters too; `;params`, streams, NUL
    tails and trailing dots and spaces are cut per segment; backslashes are slashes; dot segments are resolved.
    """
    for _ in range(_ROUNDS):
        decoded = unescape(path)
        if decoded == path:
            break
        path = decoded
    text = _OVERLONG.sub(_shortest, path).decode("utf-8", "surrogateescape").translate(_BEST_FIT)
    text = normal_form("NFKC", text).lower().replace("\\", "/")
    return _resolved(_COOKIELESS.sub("", text)).encode("utf-8", "surrogateescape")


def _shortest(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        return bytes(((found[0][0] & 0x1F) << 6 | found[1][0] & 0x3F,))
    return chr((found[2][0] & 0x3F) << 6 | found[3][0] & 0x3F).encode()


def _resolved(text: str) -> str:
    kept: list[str] = []
    last = ""
    for segment in text.split("/"):
        last = _CONTROL.sub("", _CUT.split(segment, maxsplit=1)[0]).strip()
        if last == "..":
            del kept[-1:]
        elif name := last.rstrip(". "):
            kept.append(name)
    tail = "/" if kept and not last.rstrip(". ") else ""
    return "/" + "/".join(kept) + tail
