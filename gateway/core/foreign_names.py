"""What apps may make of a parameter's name that is not UTF-8: old Japanese apps name fields in Shift_JIS or EUC-JP.

Such a name is nobody's parameter unless some reading of it is. So it is read in each way that a parser is known to
have, the wrong ones too, and whoever looks for a name finds this one under all of them, as a doubt.
"""

from __future__ import annotations

import re

_CHARSETS = ("utf-8", "ascii", "cp1252", "cp932", "euc_jp")  # full-width letters of EUC-KR and GBK stand as in EUC-JP
_CONTROL = re.compile(r"[\x00-\x1f\x7f=&;]")
_PAIR = re.compile(rb"[\x80-\xff].?", re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
# ASCII in two or three bytes: Java before 6u11 took it, and IIS did not even look whether the last byte continues.
_OVERLONG = re.compile(rb"(?:([\xc0\xc1])|\xe0([\x80\x81]))(.)", re.DOTALL)


def readings(name: bytes) -> frozenset[str]:
    """Every text that some parser may see in these bytes; none for what apps would take apart (`=`, controls)."""
    if _CONTROL.search(name.decode("latin-1")):
        return frozenset()
    found = {text.decode(charset, "ignore") for text in (name, _ESCAPED.sub(rb"\1", name)) for charset in _CHARSETS}
    found |= {name.decode("latin-1"), _PAIR.sub(b"", name).decode("latin-1")}
    found.update(_CONTROL.split(_OVERLONG.sub(_short, name).decode("latin-1")))
    return frozenset(found - {""})


def _short(found: re.Match[bytes]) -> bytes:
    high = (found[1] or found[2])[0] & 1
    return bytes([high << 6 | found[3][0] & 0x3F])
