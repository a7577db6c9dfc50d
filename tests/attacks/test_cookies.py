"""C lines: a Cookie header that hides a vaulted cookie, or the gateway's own, from one of two parsers."""

from __future__ import annotations

import pytest

from tests.attacks.asking import cookie_line, request, send
from tests.attacks.conftest import Stage
from tests.attacks.cookies import folded, values_of
from tests.attacks.corpus import Case, of_kind
from tests.harness.person import Person
from tests.harness.wire import WireAnswer

CASES = of_kind("C")
NAMES = ("JSESSIONID", "ci_session", "PHPSESSID")


def payload_lines(case: Case, person: Person) -> list[bytes]:
    """The Cookie header lines of a case, with the names of this gateway."""
    token = person.cookies["__Host-sekisho"].encode()
    payload = case.payload.replace(b"__Host-gw=good", b"__Host-sekisho=" + token).replace(b"Host-gw", b"Host-sekisho")
    return [b"Cookie: " + value for value in payload.split(b" ||| ")]


def joined(own: bytes, lines: list[bytes]) -> list[bytes]:
    """The session's own pair in front of the first payload on one line."""
    return [own + b"; " + lines[0].removeprefix(b"Cookie: "), *lines[1:]]


def assert_own_vault_alone(stage: Stage, answer: WireAnswer) -> None:
    """The app reads exactly its own session, and nothing of the gateway's, by every reading."""
    assert answer.status in (200, 303, 400, 403), answer.head
    for seen in stage.seen():
        for name in NAMES[:2]:
            values = values_of(seen.cookie, name)
            assert len(values) == 1, (name, values, seen.cookie)
            assert values <= {value.encode() for value in stage.legacy.issued}, seen.cookie
        assert b"evil" not in seen.cookie, seen.cookie
        assert not values_of(seen.cookie, "__Host-sekisho"), seen.cookie
        assert not values_of(seen.cookie, "__Host-sekisho-pre"), seen.cookie


def run(stage: Stage, case: Case) -> None:
    """The payload on a line of its own, and on the session's line."""
    person = stage.restricted()
    lines = payload_lines(case, person)
    own = cookie_line(person)
    shapes = (
        [lines]
        if b"__Host-sekisho=" + person.cookies["__Host-sekisho"].encode() in b"".join(lines)
        else [
            [own, *lines],
            [*lines, own],
            joined(own, lines),
        ]
    )
    for shape in shapes:
        assert_own_vault_alone(stage, send(stage, request(b"/pub/x", *shape)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_app_reads_only_its_own_session(stage: Stage, case: Case) -> None:
    """Two cookies are vaulted by name and others pass: no spelling brings a foreign session to the app."""
    run(stage, case)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_of_the_browser_passes_when_all_is_vaulted(closed_stage: Stage, case: Case) -> None:
    """The default: the app gets the vault and not one byte of the browser's cookies."""
    run(closed_stage, case)
    for seen in closed_stage.seen():
        pairs = [pair.strip() for pair in seen.cookie.split(b";")]
        assert {folded(pair.split(b"=")[0]) for pair in pairs} == {"jsessionid", "ci_session"}, seen.cookie


def test_other_cookies_pass(stage: Stage) -> None:
    """The control: what is not vaulted reaches the app as the browser sent it."""
    person = stage.restricted()
    send(stage, request(b"/pub/x", cookie_line(person) + b"; lang=ja; theme=dark"))
    (seen,) = stage.seen()
    assert b"lang=ja" in seen.cookie
    assert b"theme=dark" in seen.cookie


def test_duplicate_of_the_gateways_cookie_signs_nobody_in(stage: Stage) -> None:
    """Cookie tossing: with two of ours neither counts."""
    person = stage.restricted()
    token = person.cookies["__Host-sekisho"].encode()
    send(stage, request(b"/pub/x", b"Cookie: __Host-sekisho=" + token + b"; __Host-sekisho=evil"))
    assert not stage.seen()
