"""The leak check finds what it is for: a test that can't fail proves nothing."""

from __future__ import annotations

import base64
import gzip
from urllib.parse import quote

import pytest

from tests.harness.echo import EchoApp, Seen, plain_answer
from tests.harness.recorder import Recorder, leaks
from tests.harness.wire import exchange

SECRET = "vault/ed+value=0123456789"
ASK = b"GET /x HTTP/1.1\r\nHost: app.test\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (f"session is {SECRET}".encode(), ()),
        (quote(SECRET, safe="").encode(), ()),
        (base64.b64encode(f"ab{SECRET}yz".encode()), ()),
        (base64.urlsafe_b64encode(f"a{SECRET}z".encode()), ()),
        (gzip.compress(f"<p>{SECRET}</p>".encode(), mtime=0), ("Content-Encoding: gzip",)),
        (b"ok", (f"Set-Cookie: a={SECRET}",)),
    ],
    ids=["raw", "percent", "base64", "base64url", "gzip", "header"],
)
def test_a_leak_is_found(body: bytes, headers: tuple[str, ...]) -> None:
    """Whichever way the value is written, the check names it."""

    def answer(seen: Seen) -> bytes:
        return plain_answer(body=body, headers=headers)

    with EchoApp(answer) as app, Recorder(app.port) as recorder:
        exchange(recorder.port, ASK)
        assert leaks(recorder, {SECRET})


def test_nothing_is_found_where_nothing_is() -> None:
    """Other values are no leak."""
    with EchoApp(lambda seen: plain_answer(body=b"all is well")) as app, Recorder(app.port) as recorder:
        exchange(recorder.port, ASK)
        assert not leaks(recorder, {SECRET})


def test_cookies_set_are_collected() -> None:
    """Values that an app sets are known, deletions are not values."""
    lines = (f"Set-Cookie: JSESSIONID={SECRET}; Path=/", "Set-Cookie: DW=deleted; Max-Age=0")
    with EchoApp(lambda seen: plain_answer(headers=lines)) as app, Recorder(app.port) as recorder:
        exchange(recorder.port, ASK)
        assert recorder.cookies_set() == {SECRET}
