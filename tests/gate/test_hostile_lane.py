"""Attacks on what the short way remembers: it must send what the long way would send now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gate.test_express import MORE, PINNED, RULE
from tests.harness.echo import Seen
from tests.sign_in import world as kinds
from tests.sign_in.world import World, answer, world


def app(seen: Seen) -> bytes:
    """A sign-in that sets one cookie for the session and one for twenty seconds, below an address of its own."""
    if seen.method == b"POST" and seen.target == b"/login":
        short_lived = "Set-Cookie: BRIEF=ticket; Path=/x; Max-Age=20"
        return answer("302 Found", b"", "Location: /top", "Set-Cookie: SID=signed-in; Path=/", short_lived)
    return answer(body=b"page")


@pytest.fixture
def w(tmp_path: Path, taken: list[bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(kinds, "YAML", kinds.YAML.replace("offices: {", PINNED))
    with world(tmp_path, RULE, app, MORE) as made:
        yield made


def test_a_vaulted_cookie_goes_out_no_longer_than_it_lives(w: World, taken: list[bytes]) -> None:
    """Another address, judged anew after the cookie's end, must not carry the heads from before into a new life."""
    person = w.person()
    person.ask("POST", "/login", b"user=B0000011")
    person.choose("full")
    person.enrol()
    person.get("/login")
    for _ in range(3):
        person.get("/x/a")
    assert taken[-1:] == [b"GET /x/a HTTP/1.1"]
    assert b"BRIEF=ticket" in w.seen()[-1].cookie
    w.clock.forward(21)
    person.get("/x/c")
    person.get("/x/c")
    assert b"BRIEF" not in w.seen()[-1].cookie
    before = len(taken)
    person.get("/x/a")
    cookie = w.seen()[-1].cookie
    assert b"SID=signed-in" in cookie
    assert b"BRIEF" not in cookie, f"by the {'short' if len(taken) > before else 'long'} way"
