"""Sending attack bytes, and what every refusal ends with: how it was answered, and that the app saw nothing."""

from __future__ import annotations

from tests.attacks.conftest import SOURCE, Stage
from tests.harness.person import Person
from tests.harness.wire import WireAnswer, drain, exchange

GATEWAY_PAGE = "/.sekisho/"


def cookie_line(person: Person) -> bytes:
    """The Cookie header of a person's session."""
    pairs = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    return b"Cookie: " + pairs.encode("latin-1") if pairs else b"X-Anonymous: 1"


def request(
    target: bytes, *lines: bytes, method: bytes = b"GET", body: bytes = b"", host: bytes = b"Host: app.test"
) -> bytes:
    """Raw bytes of one request that asks to be closed after."""
    head = [method + b" " + target + b" HTTP/1.1", host, b"Accept: text/html", *lines]
    if body or method in (b"POST", b"PUT"):
        head.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(line for line in head if line) + b"\r\n\r\n" + body


def send(stage: Stage, raw: bytes) -> WireAnswer:
    """One answer from the attacker's address."""
    return exchange(stage.port, raw, source=SOURCE)


def flood(stage: Stage, raw: bytes) -> tuple[bytes, bool]:
    """Everything that comes back on a connection, and whether the gateway closed it.

    For a head that never ends it waits longer than the gateway's limit for one.
    """
    return drain(stage.port, raw, source=SOURCE, quiet=0.7 if b"\r\n\r\n" in raw else 4)


def assert_refused(stage: Stage, answer: WireAnswer) -> None:
    """Turned away by the gateway itself, and the app saw nothing."""
    saw = [seen.raw_head for seen in stage.seen()]
    assert not saw, f"{answer.status}, the app saw {saw}"
    assert not stage.app.log.raw, f"{answer.status}, the app saw {stage.app.log.raw[:500]!r}"
    if answer.status == 303:
        place = answer.header("location") or ""
        assert place.startswith((GATEWAY_PAGE, "/login")), place
    else:
        assert answer.status in (400, 401, 403, 404, 405, 413, 414, 417, 421, 431, 501, 505), answer.head
