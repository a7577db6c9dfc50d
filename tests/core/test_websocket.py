"""Which requests ask for a WebSocket, and which 101 answers them: the example of RFC 6455, 1.3."""

from __future__ import annotations

import pytest

from gateway.core.messages import Headers, RequestHead, ResponseHead
from gateway.core.websocket import accepts, is_handshake

KEY = (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ==")
ACCEPT = (b"Sec-WebSocket-Accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
UPGRADE = (b"Upgrade", b"websocket")
ASKING: Headers = (UPGRADE, (b"Connection", b"keep-alive, Upgrade"), KEY)


def asked(headers: Headers = ASKING, method: bytes = b"GET", version: str = "1.1") -> RequestHead:
    return RequestHead(method, b"/ws", version, headers)


def test_the_example_of_the_rfc() -> None:
    assert is_handshake(asked())
    assert accepts(asked(), ResponseHead(101, b"", "1.1", (UPGRADE, ACCEPT)))


@pytest.mark.parametrize(
    "head",
    [
        asked(method=b"POST"),
        asked(version="1.0"),
        asked(((b"Upgrade", b"h2c"), *ASKING[1:])),
        asked((UPGRADE, *ASKING)),
        asked(((b"Upgrade", b"websocket, h2c"), *ASKING[1:])),
        asked((UPGRADE, KEY)),
        asked((UPGRADE, (b"Connection", b"close"), KEY)),
        asked(ASKING[:2]),
        asked((*ASKING, KEY)),
        asked((*ASKING[:2], (b"Sec-WebSocket-Key", b""))),
    ],
)
def test_what_is_unclear_is_no_handshake(head: RequestHead) -> None:
    assert not is_handshake(head)


@pytest.mark.parametrize(
    ("head", "headers", "status"),
    [
        (asked(), (UPGRADE, ACCEPT), 200),
        (asked(ASKING[:2]), (UPGRADE, ACCEPT), 101),
        (asked(), (ACCEPT,), 101),
        (asked(), ((b"Upgrade", b"h2c"), ACCEPT), 101),
        (asked(), (UPGRADE,), 101),
        (asked(), (UPGRADE, (b"Sec-WebSocket-Accept", b"another")), 101),
    ],
)
def test_a_101_that_answers_something_else_is_none(head: RequestHead, headers: Headers, status: int) -> None:
    assert not accepts(head, ResponseHead(status, b"", "1.1", headers))
