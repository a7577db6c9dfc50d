"""A request seen just well enough to be turned away: to parse and judge it would cost more than to serve it.

Only what every parser would take for this one request is taken here: a whole GET or POST that came in one piece, with
nothing behind it, with nothing to say about its connection, and in order as any other is. What is odd is for the
parser: it refuses, and ends the connection, where a proxy in front may see other requests in the same bytes.
"""

from __future__ import annotations

import re

from gateway.core.heads import Refusal, examine
from gateway.core.messages import RequestHead

_END = b"\r\n\r\n"
_INVOLVED = (b"\ntransfer-encoding", b"\nexpect:", b"close")
# An address of another form may name a sign-out, too, once the parser has seen what it says.
_LINE = re.compile(rb"(GET|POST) (/[!-~]*+) HTTP/1\.1")
_FIELDS = re.compile(rb"(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[\t -~\x80-\xff]*+)*+")


def glimpse(data: bytes) -> RequestHead | None:
    """The head; None: a parser must look."""
    end = data.find(_END)
    begin = data.find(b"\r\n")
    if end < 0 or _FIELDS.fullmatch(data, begin, end) is None:
        return None
    small = data[:end].lower()
    asked = request_line(data[:begin])
    if asked is None or any(word in small for word in _INVOLVED):
        return None
    pairs = [line.partition(b":") for line in data[begin:end].split(b"\r\n")[1:]]
    headers = tuple([(name, value.strip()) for name, _, value in pairs])
    head = RequestHead(asked.method, asked.target, asked.version, headers)
    examined = examine(head)
    if isinstance(examined, Refusal):
        return None
    body = len(data) - end - len(_END)
    whole = not body if examined.length is None else examined.length == b"%d" % body
    return head if whole else None


def request_line(line: bytes) -> RequestHead | None:
    """A head with what stands in its first line."""
    found = _LINE.fullmatch(line)
    return None if found is None or b"#" in found[2] else RequestHead(found[1], found[2], "1.1", ())
