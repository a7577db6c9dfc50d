"""An app at two addresses, each with sessions in its own memory, behind the whole gateway: nobody loses a session."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness.echo import EchoApp, Seen
from tests.harness.gateway import GatewayThread, MovableClock
from tests.harness.person import Person
from tests.sign_in.world import HOST, ORIGIN, YAML, answer

RULE = "sign_in: [{path: /login, login_id: {form: login_id}, success: {status: 302}}]"
_numbers = itertools.count()


def keeping(own: str) -> Callable[[Seen], bytes]:
    """An app that starts a session with its form, as servlet containers do, and renews its ID at sign-in."""
    sessions: dict[bytes, bytes] = {}

    def handle(seen: Seen) -> bytes:
        pairs = dict(pair.partition(b"=")[::2] for pair in seen.cookie.split(b"; "))
        sid = pairs.get(b"SID", b"")
        if seen.target == b"/login":
            if seen.method == b"POST" and sid not in sessions:
                return answer("200 OK", b"your form is from elsewhere")
            sessions.pop(sid, None)
            fresh = f"{own}{next(_numbers)}"
            sessions[fresh.encode()] = seen.method
            setting = f"Set-Cookie: SID={fresh}; Path=/; HttpOnly"
            return answer("302 Found" if seen.method == b"POST" else "200 OK", b"", setting, "Location: /top")
        known = sessions.get(sid) == b"POST"
        return answer("200 OK", own.encode() + (b" knows you" if known else b" asks who you are"))

    return handle


@contextlib.contextmanager
def two(folder: Path) -> Iterator[tuple[GatewayThread, MovableClock, list[EchoApp]]]:
    clock = MovableClock()
    with EchoApp(keeping("a")) as first, EchoApp(keeping("b")) as second:
        both = f"[http://127.0.0.1:{first.port}, http://127.0.0.1:{second.port}]"
        text = YAML.replace("http://127.0.0.1:{UPSTREAM}", both).replace("{APP}", RULE).replace("{MORE}", "")
        with GatewayThread(folder, text, clock) as gateway:
            yield gateway, clock, [first, second]


@pytest.mark.parametrize(("choice", "people"), [("full", 1), ("restricted", 4)])
def test_form_sign_in_and_pages_of_one_person_all_go_to_one_address(tmp_path: Path, choice: str, people: int) -> None:
    with two(tmp_path) as (gateway, clock, apps):
        homes = set()
        for _ in range(people):
            person = Person(gateway.port, HOST, ORIGIN, clock)
            person.get("/login")
            assert person.sign_in("B0000011").status == 303
            person.choose(choice)
            if choice == "full":
                person.enrol()
            pages = {person.get("/top").decoded_body() for _ in range(6)}
            assert len(pages) == 1
            assert pages <= {b"a knows you", b"b knows you"}
            homes |= pages
            assert not any("sekisho-at" in name for name in person.cookies)
        assert len(homes) == min(people, 2)
        assert all(b"sekisho-at" not in app.log.raw for app in apps)
