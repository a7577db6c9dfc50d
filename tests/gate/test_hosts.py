"""Several public hosts over real sockets: what opens, who is known and what is remembered on one host is nothing on
another. Each refusal shows what the apps saw."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness.echo import EchoApp, Seen
from tests.harness.gateway import GatewayThread, MovableClock
from tests.harness.person import Person, csrf_of
from tests.sign_in.world import WORKER, answer

_numbers = itertools.count(2)  # a person for each sign-in: enrolments are for ever
YAML = """
version: 1
listen: 127.0.0.1:{PORT}
public_url: https://a.test/
service: {name: Hosts}
keys: {file: var/keys}
stores: {sessions: memory, registry: "sqlite:///var/registry.db"}
apps:
  first:
    upstream: http://127.0.0.1:{FIRST}
    paths: [/]
    sign_in_page: /login
    sign_in: [{path: /login, login_id: {form: user}, success: {status: 302}}]
    sign_out: [{path: /logout}]
  second:
    public_host: b.test
    upstream: http://127.0.0.1:{SECOND}
    paths: [/]
    sign_in_page: /enter
    sign_in: [{path: /enter, login_id: {form: user}, success: {status: 302}}]
    sign_out: [{path: /leave}]
  files:
    public_host: b.test
    upstream: http://127.0.0.1:{SECOND}
    paths: [/files]
    sign_in_page: /enter
routes:
  - {path: /login, access: public}
  - {path: /open, access: public}
  - {path: /enter, access: public, public_host: b.test}
directory:
  patterns: [{match: "B(?P<establishment>[0-9]{6})(?P<employee>[0-9])", kind: establishment}]
  establishments: [{code: "000001", office: "0001"}]
tenants:
  defaults: {office: {use: true}, establishment: {use: true}}
"""


def app(seen: Seen) -> bytes:
    if seen.method == b"POST" and seen.target in (b"/login", b"/enter"):
        return answer("302 Found", b"", "Location: /top", f"Set-Cookie: SID=in{seen.target.decode()}; Path=/")
    return answer(body=b"page of " + seen.target)


@dataclass
class Two:
    """A gateway with two hosts, an app behind each."""

    gateway: GatewayThread
    first: EchoApp
    second: EchoApp
    clock: MovableClock

    def person(self, host: str) -> Person:
        return Person(self.gateway.port, host, f"https://{host}", self.clock)

    def signed_in(self, host: str) -> Person:
        """With password and code."""
        person = self.person(host)
        person.ask("POST", "/login" if host == "a.test" else "/enter", f"user=B000001{next(_numbers)}".encode())
        person.enrol()
        person.get("/login" if host == "a.test" else "/enter")
        self.seen()
        return person

    def seen(self) -> tuple[list[bytes], list[bytes]]:
        """The targets that each app saw since the last look."""
        found = tuple([seen.target for seen in app.log.requests] for app in (self.first, self.second))
        self.first.clear()
        self.second.clear()
        return found[0], found[1]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    clock = MovableClock()
    with EchoApp(app) as first, EchoApp(app) as second:
        text = YAML.replace("{FIRST}", str(first.port)).replace("{SECOND}", str(second.port))
        with GatewayThread(Path(tmp_path_factory.mktemp("hosts")), text, clock) as gateway:
            yield Two(gateway, first, second, clock)


@pytest.fixture(autouse=True)
def _fresh(two: Two) -> None:
    two.seen()


def test_each_host_has_its_own_apps(two: Two) -> None:
    assert two.person("a.test").get("/login").status == 200
    assert two.seen() == ([b"/login"], [])
    assert two.person("B.TEST:443").get("/enter").status == 200
    assert two.seen() == ([], [b"/enter"])


@pytest.mark.parametrize("host", ["c.test", "b.test.", "b.test:80", "a.test, b.test", "b.test@a.test", ""])
def test_any_other_host_is_refused(two: Two, host: str) -> None:
    assert two.person(host).get("/enter").status in (400, 421)
    assert two.seen() == ([], [])


def test_what_is_public_on_one_host_is_not_on_another(two: Two) -> None:
    for host, path in [("b.test", "/open"), ("b.test", "/login"), ("a.test", "/enter")]:
        assert two.person(host).get(path).status in (303, 401)
    assert two.seen() == ([], [])


def test_a_stranger_is_led_to_the_sign_in_page_of_the_host(two: Two) -> None:
    for host, path, page in [("a.test", "/x", "/login"), ("b.test", "/x", "/enter"), ("b.test", "/files/x", "/enter")]:
        assert two.person(host).get(path).header("location") == page
        assert two.person(host).get("/.sekisho/code").header("location") == page
    assert two.seen() == ([], [])


def test_a_session_opens_its_own_host_and_its_vault_goes_there_alone(two: Two) -> None:
    person = two.signed_in("b.test")
    assert person.get("/x").status == 200
    assert person.get("/files/x").status == 200
    assert [seen.cookie for seen in two.second.log.requests] == [b"SID=in/enter"] * 2
    assert two.first.log.requests == []


@pytest.mark.parametrize(("own", "other"), [("a.test", "b.test"), ("b.test", "a.test")])
def test_a_session_is_a_strangers_on_another_host(two: Two, own: str, other: str) -> None:
    person = two.signed_in(own)
    assert person.get("/x").status == 200
    two.seen()
    thief = two.person(other)
    thief.cookies = dict(person.cookies)
    assert thief.get("/x").status in (303, 401)
    assert thief.get("/x").status in (303, 401)  # nothing is remembered of the first time
    thief.cookies = dict(person.cookies)
    assert thief.get("/.sekisho/settings").status in (303, 401)
    thief.cookies = dict(person.cookies)
    assert thief.get("/.sekisho/reset").status in (303, 401)
    assert two.seen() == ([], [])
    assert person.get("/x").status == 200  # and its owner keeps it


def test_a_handshake_of_the_other_hosts_page_is_refused(two: Two) -> None:
    person = two.signed_in("b.test")
    lines = [
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: " + "A" * 22 + "==",
    ]
    assert person.ask("GET", "/x", None, *lines, "Origin: https://a.test").status == 403
    assert two.seen() == ([], [])
    person.ask("GET", "/x", None, *lines, "Origin: https://b.test")
    assert two.seen() == ([], [b"/x"])


def test_a_form_of_the_other_hosts_page_is_no_form_of_ours(two: Two) -> None:
    person = two.person("b.test")
    person.ask("POST", "/enter", b"user=" + WORKER.encode())
    page = person.page("/.sekisho/enrol")
    body = f"csrf={csrf_of(page)}".encode()
    assert person.ask("POST", "/.sekisho/cancel", body, "Origin: https://a.test").status == 403
    assert two.seen() == ([], [b"/enter"])
    answered = person.ask("POST", "/.sekisho/cancel", body, "Origin: https://b.test")
    assert (answered.status, answered.header("location")) == (303, "/enter")
    assert two.seen() == ([], [b"/leave"])


def test_a_sign_in_from_the_other_hosts_page_is_refused(two: Two) -> None:
    person = two.person("b.test")
    body = b"user=" + WORKER.encode()
    assert person.ask("POST", "/enter", body, "Origin: https://a.test").status == 403
    assert two.seen() == ([], [])


def test_the_sign_in_address_of_one_host_signs_nobody_in_on_another(two: Two) -> None:
    person = two.person("b.test")
    assert person.ask("POST", "/login", b"user=" + WORKER.encode()).status in (303, 401)
    assert person.cookies == {}
    assert two.seen() == ([], [])
