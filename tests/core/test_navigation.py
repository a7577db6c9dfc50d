"""Who gets a page and who gets data."""

from __future__ import annotations

import pytest

from gateway.core.messages import Headers, RequestHead
from gateway.core.navigation import is_navigation

PAGE = b"text/html,application/xhtml+xml,*/*;q=0.8"

CASES: dict[str, tuple[Headers, bool]] = {
    "a link in Chromium": (((b"Sec-Fetch-Mode", b"navigate"), (b"Accept", PAGE)), True),
    "a frame": (((b"sec-fetch-mode", b"navigate"), (b"Sec-Fetch-Dest", b"iframe")), True),
    "fetch, whatever it accepts": (((b"Sec-Fetch-Mode", b"cors"), (b"Accept", PAGE)), False),
    "an image": (((b"Sec-Fetch-Mode", b"no-cors"), (b"Accept", b"image/*")), False),
    "a WebSocket": (((b"Sec-Fetch-Mode", b"websocket"),), False),
    "two modes": (((b"Sec-Fetch-Mode", b"navigate"), (b"Sec-Fetch-Mode", b"cors")), False),
    "a browser without fetch metadata": (((b"Accept", PAGE),), True),
    "XHTML": (((b"ACCEPT", b"Application/XHTML+XML"),), True),
    "jQuery in such a browser": (((b"Accept", PAGE), (b"X-Requested-With", b"XMLHttpRequest")), False),
    "EventSource in such a browser": (((b"Accept", b"text/event-stream"),), False),
    "EventSource that accepts pages too": (((b"Accept", b"text/html, text/event-stream"),), False),
    "an upgrade": (((b"Accept", PAGE), (b"Upgrade", b"websocket")), False),
    "curl": (((b"Accept", b"*/*"),), False),
    "nothing said": ((), False),
}


@pytest.mark.parametrize(("headers", "expected"), CASES.values(), ids=CASES.keys())
def test_navigation(headers: Headers, expected: bool) -> None:
    assert is_navigation(RequestHead(b"GET", b"/", "1.1", headers)) is expected
