"""T lines: a request target that the gateway and some app might read differently."""

from __future__ import annotations

import re

import pytest

from tests.attacks.asking import assert_refused, cookie_line, request, send
from tests.attacks.conftest import OWN, Stage
from tests.attacks.corpus import Case, of_kind
from tests.attacks.parameters import record_values
from tests.attacks.readings import handlers
from tests.harness.person import Person

CASES = of_kind("T")
SESSION_ID = re.compile(rb"(?i)jsessionid|phpsessid")
ABSOLUTE = re.compile(rb"(?i)https?://app\.test(?=[/?]|$)")


def target_of(case: Case) -> bytes:
    """Lines about `user_id` go where the rule is about `user_id`."""
    if b"user" in case.payload:
        return case.payload.replace(b"/own/view", b"/own/user")
    return case.payload


def assert_harmless(stage: Stage) -> None:
    """Whatever was forwarded, no reading of it serves the admin handler, another's record or a foreign session."""
    for seen in stage.seen():
        served = handlers(seen.target)
        assert set(served.values()) <= {"pub", "own", "login", "top"}, (seen.target, served)
        assert not SESSION_ID.search(seen.target), seen.target
        if "own" in served.values():
            name = "user_id" if seen.target.startswith(b"/own/user") else "id"
            assert record_values(seen, name) == {"1"}, (seen.target, record_values(seen, name))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_restricted_session_gets_nothing_behind_another_reading(stage: Stage, case: Case) -> None:
    """A target that any app may read as admin's or another's never reaches the app in a restricted session."""
    person = stage.restricted()
    answer = send(stage, request(target_of(case), cookie_line(person)))
    assert_harmless(stage)
    if not stage.seen():
        assert_refused(stage, answer)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_anonymous_visitor_reaches_nothing(stage: Stage, case: Case) -> None:
    """Nobody is signed in: none of these targets is public in any spelling."""
    stage.app.clear()
    answer = send(stage, request(target_of(case)))
    assert_refused(stage, answer)


@pytest.fixture(scope="module")
def full(stage: Stage) -> Person:
    """A session with a code entered."""
    person = stage.person()
    person.full(OWN[:-1] + "2")
    return person


def malformed(target: bytes) -> bool:
    """What is no HTTP request target to begin with: the only thing a full session is refused."""
    if re.search(rb"[\x00-\x20\x7f-\xff#]", target):
        return True
    return not target.startswith(b"/") and not ABSOLUTE.match(target)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_full_session_keeps_odd_addresses_as_they_are(stage: Stage, full: Person, case: Case) -> None:
    """Old apps keep their odd URLs: with a code entered the app gets the very bytes, or 400 if it is no HTTP."""
    stage.app.clear()
    target = target_of(case)
    answer = send(stage, request(target, cookie_line(full)))
    if malformed(target):
        assert answer.status == 400, answer.head
        assert not stage.app.log.raw
        return
    if SESSION_ID.search(target):
        assert not any(SESSION_ID.search(seen.target) for seen in stage.seen())
        return
    origin = ABSOLUTE.sub(b"", target, count=1) if not target.startswith(b"/") else target
    origin = origin if origin.startswith(b"/") else b"/" + origin
    assert [seen.target for seen in stage.seen()] == [origin], answer.head


def test_plain_targets_of_the_convention_are_open_to_a_restricted_session(stage: Stage) -> None:
    """The control: what the rules allow does reach the app, so the refusals above mean something."""
    person = stage.restricted()
    for target in (b"/pub/x", b"/pub/x?q=1", b"/own/view?id=1", b"/own/user?user_id=1"):
        assert send(stage, request(target, cookie_line(person))).status == 200
    assert [seen.target for seen in stage.seen()] == [
        b"/pub/x",
        b"/pub/x?q=1",
        b"/own/view?id=1",
        b"/own/user?user_id=1",
    ]


@pytest.mark.parametrize("target", [b"/admin/x", b"/own/view?id=2", b"/own/view", b"/nowhere"])
def test_plain_targets_outside_are_closed(stage: Stage, target: bytes) -> None:
    """The other control: without any trick the answer is no."""
    person = stage.restricted()
    assert_refused(stage, send(stage, request(target, cookie_line(person))))


@pytest.mark.parametrize(
    "target", [b"//.sekisho/choice", b"/%2esekisho/choice", b"/.sekisho;x/choice", b"/.sekisho/../pub/x"]
)
def test_reserved_prefix_never_reaches_the_app(stage: Stage, target: bytes) -> None:
    """No spelling of the gateway's own pages is forwarded in a restricted session (R-080)."""
    person = stage.restricted()
    assert_refused(stage, send(stage, request(target, cookie_line(person))))
