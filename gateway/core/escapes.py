"""Percent-escapes as the most liberal servers read them."""

from __future__ import annotations

import re

_ESCAPE = re.compile(rb"%(?:[Uu]([0-9A-Fa-f]{4})|([0-9A-Fa-f]{2}))")


def _unescaped(found: re.Match[bytes]) -> bytes:
    if found[1] is None:
        return bytes.fromhex(found[2].decode())
    return chr(int(found[1], 16)).encode("utf-8", "replace")


def unescape(text: bytes) -> bytes:
    """One round of percent-decoding, `%uXXXX` as Jetty and IIS read it included; what is no escape stays."""
    return _ESCAPE.sub(_unescaped, text) if b"%" in text else text
