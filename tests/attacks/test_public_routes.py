"""A public route is open to strangers, so it shows what strangers see: the vault stays shut until all is proven.

Otherwise an app whose sign-in page and content share one address (DokuWiki, WordPress, every front controller) would
show its content to whoever has the password alone, or to whoever finds a browser with an expired session.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attacks.conftest import ALL_VAULTED, OWN, Stage, make_stage
from tests.attacks.cookies import values_of
from tests.harness.person import Person


@pytest.fixture(scope="module")
def public_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A gateway of its own: these tests move the clock."""
    yield from make_stage(tmp_path_factory.mktemp("public"), ALL_VAULTED)


def assert_asked_as_a_stranger(stage: Stage, person: Person) -> None:
    """The public page is delivered, and the app saw no session of a signed-in person."""
    signed_in = {value for value, owner in stage.legacy.tokens.items() if owner == OWN}
    stage.app.clear()
    answer = person.get("/login?page=anything")
    assert answer.status == 200, answer.head
    for seen in stage.seen():
        sent = {value.decode() for value in values_of(seen.cookie, "JSESSIONID")}
        assert not sent & signed_in, seen.cookie


def test_before_the_choice(public_stage: Stage) -> None:
    """Password entered, nothing chosen."""
    person = public_stage.person()
    assert person.sign_in(OWN).status == 303
    assert_asked_as_a_stranger(public_stage, person)


def test_before_the_code(public_stage: Stage) -> None:
    """Password entered, a code is due."""
    person = public_stage.person()
    assert person.sign_in(OWN).status == 303
    assert person.choose("full").status == 303
    assert_asked_as_a_stranger(public_stage, person)


def test_restricted_session(public_stage: Stage) -> None:
    """What needs a code in a restricted session may hide behind a public address as well."""
    person = public_stage.person()
    person.restricted(OWN)
    assert_asked_as_a_stranger(public_stage, person)


def test_expired_session(public_stage: Stage) -> None:
    """After the idle limit the old session's cookies open nothing."""
    person = public_stage.person()
    person.restricted(OWN)
    public_stage.clock.forward(31 * 60)
    assert_asked_as_a_stranger(public_stage, person)


def test_what_a_stranger_is_given_does_not_replace_the_session(public_stage: Stage) -> None:
    """Asked without its session the app starts a new one: the vault keeps the one that was signed in."""
    person = public_stage.person()
    assert person.sign_in(OWN).status == 303
    assert_asked_as_a_stranger(public_stage, person)
    assert person.choose("restricted").status == 303
    public_stage.app.clear()
    person.get("/pub/x")
    (value,) = values_of(public_stage.seen()[0].cookie, "JSESSIONID")
    assert public_stage.legacy.tokens[value.decode()] == OWN


def test_a_strangers_session_still_works(public_stage: Stage) -> None:
    """The control: what the app sets before sign-in (a CSRF token's session) comes back to it."""
    person = public_stage.person()
    person.sign_in(OWN, "wrong")
    newest = public_stage.legacy.issued[-1]
    public_stage.app.clear()
    person.get("/login")
    assert values_of(public_stage.seen()[0].cookie, "JSESSIONID") == {newest.encode()}
