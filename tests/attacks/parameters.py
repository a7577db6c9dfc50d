"""How apps read one parameter out of query and body: first, last, joined, merged, mangled, decoded by charset.

Every reading gives the values that some app would take for the name; a request is one's own record only if no
reading finds anything else.
"""

from __future__ import annotations

import contextlib
import json
import re
import zlib
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from tests.harness.echo import Seen

CHARSETS = ("utf-8", "latin-1", "cp037", "utf-16-le", "utf-16", "utf-7", "shift_jis")
DISPOSITION = re.compile(rb"name\*?\s*=\s*(?:UTF-8'')?(\"[^\"]*\"|'[^']*'|[^;\s]+)", re.IGNORECASE)


def mangled(name: bytes) -> str:
    """A parameter name as the most forgiving app knows it: PHP's mangling, case, NUL, blanks, arrays."""
    name = name.split(b"\0", 1)[0].strip(b" +\t\r\n?&")
    name = re.sub(rb"\[[^\]]*\]$", b"", name)
    text = re.sub(r"[. \[]", "_", name.decode("utf-8", "replace").lower())
    return re.sub("[\u200b\u0307]", "", text).replace("amp;", "")


def plain(value: bytes) -> str:
    """A value without what lenient readers ignore; anything unequal to itself counts as another value."""
    return value.decode("utf-8", "replace")


def _percent_u(data: bytes) -> bytes:
    return re.sub(rb"%u00([0-9A-Fa-f]{2})", rb"%\1", data)


def pairs(data: bytes, separators: bytes = b"&") -> Iterator[tuple[bytes, bytes]]:
    """Name and value of every field, decoded once."""
    for field in re.split(b"[" + re.escape(separators) + b"]", _percent_u(data)):
        name, _, value = field.replace(b"+", b" ").partition(b"=")
        yield unquote_to_bytes(name), unquote_to_bytes(value)


def _values(data: bytes, name: str, separators: bytes = b"&") -> list[str]:
    return [plain(value) for key, value in pairs(data, separators) if mangled(key) == name]


def query_values(target: bytes, name: str) -> set[str]:
    """Every value that some app would find in the target for `name`."""
    found: set[str] = set()
    _, _, query = target.partition(b"?")
    for text in (
        query,
        query.lstrip(b"?"),
        re.split(rb"[#]", query)[0],
        unquote_to_bytes(query),
        query.replace(b"&amp;", b"&"),
    ):
        for separators in (b"&", b"&;", b"&;?#"):
            found.update(_values(text, name, separators))
    path = target.split(b"?", 1)[0]
    for piece in re.split(rb";|%3[bf]", path, flags=re.IGNORECASE)[1:]:
        found.update(_values(piece, name))
    return found


def _multipart(body: bytes, name: str) -> Iterator[str]:
    for part in re.split(rb"(?:^|\r?\n)--[^\r\n]*", body):
        head, _, value = re.sub(rb"^\r?\n", b"", part, count=1).replace(b"\r\n", b"\n").partition(b"\n\n")
        for found in DISPOSITION.findall(head):
            if mangled(found.strip(b"\"'")) == name:
                yield plain(value.rstrip(b"\r\n"))


def _json(body: bytes, name: str) -> Iterator[str]:
    for charset in ("utf-8", "utf-16"):
        try:
            document = json.loads(body.decode(charset))
        except (UnicodeDecodeError, ValueError):
            continue
        if isinstance(document, dict):
            yield from (str(value) for key, value in document.items() if mangled(key.encode()) == name)


def body_values(seen: Seen, name: str) -> set[str]:
    """Every value that some app would find in the body for `name`, whatever the Content-Type says."""
    found: set[str] = set()
    bodies = [seen.body]
    with contextlib.suppress(zlib.error):
        bodies.append(zlib.decompress(seen.body))
    bodies += [seen.body.decode(charset, "replace").encode("utf-8", "replace") for charset in CHARSETS]
    for body in bodies:
        found.update(_values(body, name))
        found.update(_values(body, name, b"&;"))
        found.update(_values(body.rstrip(), name))
        found.update(_multipart(body, name))
        found.update(_json(body, name))
    return found


def record_values(seen: Seen, name: str) -> set[str]:
    """Whose record some app would serve for this request."""
    return query_values(seen.target, name) | body_values(seen, name)
