"""A request seen just well enough to be turned away: to parse and judge it would cost more than to serve it.

Only what every parser would take for this one request is taken here: a whole GET or POST that came in one piece, with
nothing behind it and with nothing to say about its connection.
"""

from __future__ import annotations

from gateway.core.messages import RequestHead

_METHODS = frozenset((b"GET", b"POST"))
_VERSION = b"HTTP/1.1"
_END = b"\r\n\r\n"
_LENGTH = b"content-length"
_INVOLVED = (b"\ntransfer-encoding", b"\nexpect:", b"close")


def glimpse(data: bytes) -> RequestHead | None:
    """The head; None: a parser must look."""
    end = data.find(_END)
    head = data[: end + 2]
    if end < 0 or head.count(b"\n") != head.count(b"\r\n"):
        return None
    small = head.lower()
    if any(word in small for word in _INVOLVED):
        return None
    asked = request_line(head[: head.index(b"\r\n")])
    if asked is None:
        return None
    pairs = [line.partition(b":") for line in head[:-2].split(b"\r\n")[1:]]
    headers = tuple([(name, value.strip()) for name, _, value in pairs])
    body = len(data) - end - len(_END)
    if _LENGTH in small:
        whole = [value for name, value in headers if name.lower() == _LENGTH] == [b"%d" % body]
    else:
        whole = not body
    return RequestHead(asked.method, asked.target, asked.version, headers) if whole else None


def request_line(line: bytes) -> RequestHead | None:
    """A head with what stands in its first line."""
    words = line.split(b" ")
    if len(words) != 3 or words[0] not in _METHODS or words[2] != _VERSION or b"\n" in line:
        return None
    return RequestHead(words[0], words[1], "1.1", ())
