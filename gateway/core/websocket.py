"""The opening handshake of a WebSocket (RFC 6455, 4): the one upgrade that the gateway lets through.

Any other upgrade would be a tunnel past every rule (h2c smuggling), so it is answered as the plain request that it
also is.
"""

from __future__ import annotations

import base64
import hashlib

from gateway.core.messages import Headers, RequestHead, ResponseHead, header_values

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
SWITCHING = ((b"Connection", b"Upgrade"), (b"Upgrade", b"websocket"))


def is_handshake(head: RequestHead) -> bool:
    """Whether this request asks for a WebSocket, and for nothing else: what is unclear is no handshake."""
    if head.method != b"GET" or head.version != "1.1":
        return False
    upgrade = header_values(head.headers, b"upgrade")
    if [value.lower() for value in upgrade] != [b"websocket"]:
        return False
    tokens = b",".join(header_values(head.headers, b"connection")).lower().split(b",")
    return b"upgrade" in [token.strip(b" \t") for token in tokens] and _key(head.headers) is not None


def accepts(asked: RequestHead, answer: ResponseHead) -> bool:
    """Whether the app's 101 answers this very handshake (RFC 6455, 4.1)."""
    key = _key(asked.headers)
    if answer.status != 101 or key is None:
        return False
    if [value.lower() for value in header_values(answer.headers, b"upgrade")] != [b"websocket"]:
        return False
    expected = base64.b64encode(hashlib.sha1(key + _GUID).digest())  # noqa: S324 - what the RFC says
    return header_values(answer.headers, b"sec-websocket-accept") == [expected]


def _key(headers: Headers) -> bytes | None:
    keys = header_values(headers, b"sec-websocket-key")
    return keys[0] if len(keys) == 1 and keys[0] else None
