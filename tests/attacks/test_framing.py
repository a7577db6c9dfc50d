"""R lines: byte streams in which one reader sees one request and another sees two."""

from __future__ import annotations

import re
import time

import pytest

from tests.attacks.asking import assert_refused, cookie_line, flood, request, send
from tests.attacks.conftest import Stage
from tests.attacks.corpus import Case, of_kind
from tests.harness.person import Person
from tests.harness.wire import answers, drain

CASES = of_kind("R")
# Lines that are in order, or whose fault comes after a head that was: their beginning may reach the app. Of all others
# it may not have a single byte.
ALLOWED_THROUGH = re.compile(
    rb"Expect: 100-continue|X: b{100}|X-Line-|GET /b{100}|Upgrade: websocket|\r\n\r\n0\r\n\r\nGET /admin|\r\n\r\n[3F]"
)


def stream(case: Case, person: Person) -> bytes:
    """The case with this session's cookie in every head; bytes that a length counts stay as they are."""
    cookie = b"Host: app.test\r\n" + cookie_line(person) + b"\r\nAccept: text/html\r\n"
    count = 1 if b"Content-Length: 40" in case.payload else -1
    return case.payload.replace(b"Host: app.test\r\n", cookie, count)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_second_request_is_smuggled(stage: Stage, case: Case) -> None:
    """Not one byte that any framing could take for a request to /admin reaches the app, and no answer is a 500."""
    person = stage.restricted()
    data, closed = flood(stage, stream(case, person))
    assert b"/admin" not in stage.app.log.raw, stage.app.log.raw
    got = answers(data, closed=True)
    assert all(answer.status < 500 or answer.status in (501, 505) for answer in got), data
    assert b"handled by /admin" not in data
    if not ALLOWED_THROUGH.search(case.payload):
        assert not stage.app.log.raw, (data, stage.app.log.raw)
        assert got or closed, "neither an answer nor an end"
        assert all(answer.status >= 400 for answer in got), data


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_app_sees_one_framing(stage: Stage, case: Case) -> None:
    """What is forwarded carries one framing header at most, written by the gateway."""
    person = stage.restricted()
    flood(stage, stream(case, person))
    for head in re.findall(rb"(?:GET|HEAD|POST|PUT|TRACE) /[^\r\n]*\r\n(?:[^\r\n]+\r\n)*", stage.app.log.raw):
        folded = head.lower().replace(b"_", b"-")
        framing = len(re.findall(rb"\ncontent-length\s*:|\ntransfer-encoding\s*:", folded))
        assert framing <= 1, head
        assert b" HTTP/1.1\r\n" in head


def test_a_chunked_upload_is_open(stage: Stage) -> None:
    """The control: an ordinary chunked form arrives whole."""
    person = stage.restricted()
    head = request(b"/pub/x", cookie_line(person), b"Transfer-Encoding: chunked", method=b"POST")
    raw = head.replace(b"Content-Length: 0\r\n", b"") + b"3\r\nabc\r\n4;x=1\r\ndefg\r\n0\r\n\r\n"
    answer = send(stage, raw)
    if answer.status == 200:
        assert [seen.body for seen in stage.seen()] == [b"abcdefg"]
        assert b"x=1" not in stage.app.log.raw
    else:
        assert answer.status == 400  # chunk extensions may be refused; without one it must pass
    stage.app.clear()
    assert send(stage, raw.replace(b";x=1", b"")).status == 200
    assert [seen.body for seen in stage.seen()] == [b"abcdefg"]


@pytest.mark.parametrize("length", [b"010", b"0" * 30 + b"10"])
def test_a_length_has_one_spelling(stage: Stage, length: bytes) -> None:
    """Who reads C's octal numbers in it would take the last two bytes for the next request."""
    person = stage.restricted()
    raw = request(b"/pub/x", cookie_line(person), b"Content-Length: " + length, method=b"PATCH") + b"0123456789"
    send(stage, raw.replace(b"PATCH", b"POST", 1))
    (seen,) = stage.seen()
    assert seen.all("content-length") == [b"10"]
    assert seen.body == b"0123456789"


def test_pipelined_requests_are_judged_one_by_one(stage: Stage) -> None:
    """The second of two goes through the route table as well (R-078)."""
    person = stage.restricted()
    cookie = cookie_line(person)
    data, _ = flood(stage, request(b"/pub/x", cookie) + request(b"/admin/x", cookie) + request(b"/pub/y", cookie))
    assert [answer.status for answer in answers(data)] == [200, 303, 200]
    assert [seen.target for seen in stage.seen()] == [b"/pub/x", b"/pub/y"]


def test_slow_head_is_cut_off(stage: Stage) -> None:
    """A head that never ends is ended by the gateway: 408 or a closed connection within the limit."""
    begun = time.monotonic()
    data, closed = drain(stage.port, b"GET /pub/x HTTP/1.1\r\nHost: app.test\r\nX-", quiet=8)
    assert closed, data
    assert time.monotonic() - begun < 7
    assert not data or b" 408 " in data.split(b"\r\n")[0]


@pytest.mark.parametrize("cookie", [b"A" * 8000, b"x", b"", b"\xff\xfe", b"../../etc/passwd"])
def test_broken_session_cookie_is_nobody(stage: Stage, cookie: bytes) -> None:
    """A cookie that is no session is an anonymous visitor, never an error that lets through (CVE-2026-25748)."""
    stage.app.clear()
    answer = send(stage, request(b"/pub/x", b"Cookie: __Host-sekisho=" + cookie))
    assert_refused(stage, answer)
