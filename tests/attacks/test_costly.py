"""Requests that are cheap to send and would be dear to read: none of them holds the loop, or reaches the app."""

from __future__ import annotations

import time

import pytest

from tests.attacks.asking import assert_refused, cookie_line, request, send
from tests.attacks.conftest import Stage

FORM = b"Content-Type: application/x-www-form-urlencoded"
MULTIPART = b"Content-Type: multipart/form-data; boundary=B"
MARKS = "\u0301\u0316".encode() * 15_000  # sorted by insertion they take a minute
SECONDS = 3.0  # of this process: gateway, app and test together


def part(name: bytes, value: bytes) -> bytes:
    """A form of one field."""
    return b'--B\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n--B--\r\n' % (name, value)


BODIES = {
    "marks as a value": (MULTIPART, part(b"login_id", MARKS)),
    "marks as a name": (MULTIPART, part(MARKS, b"1")),
    "marks in escapes": (FORM, b"login_id=" + b"%CC%81%CC%96" * 5_000),
    "fields within a value": (FORM, b"login_id=1&x=" + b"%26a%3D" * 9_000),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_strangers_sign_in_form_is_read_at_once(stage: Stage, case: str) -> None:
    """What is no login ID, or no form that a page sends, is turned away before the app is asked."""
    stage.app.clear()
    content_type, body = BODIES[case]
    began = time.process_time()
    answer = send(stage, request(b"/login", content_type, method=b"POST", body=body))
    assert_refused(stage, answer)
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("case", BODIES)
def test_a_form_that_a_rule_reads_is_read_at_once(stage: Stage, case: str) -> None:
    """In a restricted session, where a field decides."""
    person = stage.restricted()
    content_type, body = BODIES[case]
    began = time.process_time()
    raw = request(
        b"/own/view", cookie_line(person), content_type, method=b"POST", body=body.replace(b"login_id", b"id")
    )
    assert_refused(stage, send(stage, raw))
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize(
    "cookie",
    [
        b"%25" * 20_000 + b"41=1",
        b"%CC%81%CC%96" * 5_000 + b"=1",
        b"%2541+" * 10_000 + b"=1",
        b"; ".join([b"%2541=1"] * 7000),
    ],
    ids=["escaped escapes", "marks", "plus", "many"],
)
def test_cookies_with_many_readings_are_read_at_once(stage: Stage, cookie: bytes) -> None:
    """Ten requests of a stranger, each with all that a head may hold."""
    stage.app.clear()
    began = time.process_time()
    for _ in range(10):
        answer = send(stage, request(b"/pub/x", b"Cookie: " + cookie))
        assert_refused(stage, answer)
    assert time.process_time() - began < SECONDS
