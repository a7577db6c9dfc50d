"""The short way: a request like one that was judged before. It must end as the long way would, whatever has changed.

Every test first makes sure that the short way was taken where it should be, or its refusals would say nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.core.policy import TenantSettings
from gateway.core.subject import Feature
from gateway.proxy.express import Express
from gateway.proxy.spots import Spots
from gateway.stores.registry import SqlRegistry
from gateway.stores.sealing import KeyRing
from tests.given import given_establishment
from tests.harness.echo import Seen
from tests.harness.person import Person
from tests.harness.wire import WireAnswer, exchange
from tests.sign_in import world as kinds
from tests.sign_in.world import World, answer, world

RULE = "sign_in: [{path: /login, login_id: {form: user}, success: {status: 302}}]"
MORE = "sessions: {establishment: {idle: 30m, absolute: 12h}}"


def app(seen: Seen) -> bytes:
    """Answers of every kind, by address."""
    if seen.method == b"POST" and seen.target == b"/login":
        return answer("302 Found", b"", "Location: /top", "Set-Cookie: SID=signed-in; Path=/")
    path = seen.target.partition(b"?")[0]
    if path == b"/chunked":
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
        return head + b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    if path == b"/sets":
        return answer("200 OK", b"set", "Set-Cookie: FRESH=secret; Path=/", "X-After: kept")
    if path == b"/moved":
        return answer("302 Found", b"", "Location: /top;jsessionid=ABC123")
    if path == b"/same":
        return b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 12\r\n\r\n'
    if path == b"/nothing":
        return b"HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n"
    if path == b"/surplus":
        return answer(body=b"whole") + b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad"
    return answer(
        "200 Fine, thanks", b"page " + path, "x-Odd:  two", "X-Same: 1", "X-Same: 2", "Connection: keep-alive"
    )


# Settings that cannot change are known for ever: on a busy machine others grow too old between two requests.
PINNED = """offices: {"0001": {use: true, pinned: true, establishments: {"000001": {use: true, pinned: true,
    exempt: [attendance.punch]}}}, """


@pytest.fixture
def w(tmp_path: Path, taken: list[bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(kinds, "YAML", kinds.YAML.replace("offices: {", PINNED))
    with world(tmp_path, RULE, app, MORE) as made:
        yield made


def signed_in(w: World, choice: str) -> Person:
    person = w.person()
    person.ask("POST", "/login", b"user=B0000011")
    person.choose(choice)
    if choice == "full":
        person.enrol()
    person.get("/login")
    w.seen()
    return person


def both_ways(w: World, taken: list[bytes], person: Person, target: str) -> tuple[WireAnswer, WireAnswer]:
    """The same request by the long way and by the short one, which must have been taken. An address that comes for the
    first time teaches nothing yet."""
    person.get(target)
    w.seen()
    first = person.get(target)
    before = len(taken)
    second = person.get(target)
    assert len(taken) == before + 1, f"{target} went the long way"
    return first, second


ADDRESSES = ["/a", "/a/b?c=1&d=%E5%8B%A4", "/chunked", "/moved", "/same", "/nothing", "/a;b", "/surplus", "/top"]


def test_both_ways_end_alike(w: World, taken: list[bytes]) -> None:
    person = signed_in(w, "full")
    for target in ADDRESSES:
        w.seen()
        first, second = both_ways(w, taken, person, target)
        assert (first.status, first.body, first.complete) == (second.status, second.body, second.complete), target
        assert first.head.split(b"\r\n")[0] == second.head.split(b"\r\n")[0]
        assert sorted(first.headers) == sorted(second.headers)
        long, short = w.seen()
        assert long.raw_head == short.raw_head
        assert b"signed-in" in short.cookie


def test_what_an_app_sets_goes_into_the_vault_the_short_way_too(w: World, taken: list[bytes]) -> None:
    person = signed_in(w, "full")
    person.get("/a")
    person.get("/a")
    person.get("/sets?0")
    learned = person.get("/sets?1")
    assert learned.header("set-cookie") is None
    person.get("/a")
    found = person.get("/sets?2")
    assert taken[-1] == b"GET /sets?2 HTTP/1.1"
    assert (found.header("set-cookie"), found.header("x-after"), found.body) == (None, "kept", b"set")
    person.get("/a")
    assert b"FRESH=secret" in w.seen()[-1].cookie


@pytest.mark.parametrize("way", ["long", "short"])
def test_a_session_id_in_a_redirect_stays_here(w: World, taken: list[bytes], way: str) -> None:
    person = signed_in(w, "full")
    moved = both_ways(w, taken, person, "/moved")[way == "short"]
    assert moved.header("location") == "/top"


def test_who_wants_the_connection_closed_gets_it_closed(w: World, taken: list[bytes]) -> None:
    person = signed_in(w, "full")
    both_ways(w, taken, person, "/a")
    for target in ("/a", "/chunked", "/a"):
        person.ask("GET", target, None, "Connection: close")
    before = len(taken)
    closed = person.ask("GET", "/a", None, "Connection: close")
    assert len(taken) == before + 1
    assert (closed.status, closed.header("connection"), closed.body) == (200, "close", b"page /a")
    with socket.create_connection(("127.0.0.1", w.gateway.port)) as sock:
        sock.sendall(person.raw("GET", "/a", None, "Connection: close"))
        stream = b""
        while got := sock.recv(65536):
            stream += got
    assert stream.count(b"HTTP/1.1 ") == 1
    assert len(taken) == before + 2


def test_an_ended_session_reaches_nothing(w: World, taken: list[bytes]) -> None:
    person = signed_in(w, "full")
    both_ways(w, taken, person, "/a")
    cookies = dict(person.cookies)
    person.get("/logout")
    person.cookies = cookies
    w.seen()
    before = len(taken)
    assert person.get("/a").status in (303, 401, 403)
    assert w.seen() == []
    assert len(taken) == before


def test_nothing_stays_of_a_session_that_has_ended(
    w: World, taken: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Express] = []
    respond = Express.learn

    def learn(self: Express, *args: Any) -> None:
        kept.append(self)
        respond(self, *args)

    monkeypatch.setattr(Express, "learn", learn)
    gone, other = signed_in(w, "full"), signed_in_again(w)
    both_ways(w, taken, gone, "/a")
    token = gone.cookies["__Host-sekisho"].encode()
    assert token in {known.token for known in kept[0]._blocks.values()}
    gone.get("/logout")
    for number in range(4):
        other.ask("GET", "/own", None, f"X-New: {number}")
    assert token not in {known.token for known in kept[0]._blocks.values()}


@pytest.mark.parametrize("seconds", [31 * 60, 13 * 3600])
def test_a_sessions_time_runs_out_on_the_short_way_too(w: World, taken: list[bytes], seconds: float) -> None:
    person = signed_in(w, "full")
    both_ways(w, taken, person, "/a")
    w.seen()
    w.clock.forward(seconds)
    assert person.get("/a").status in (303, 401, 403)
    assert w.seen() == []


def test_use_by_the_short_way_keeps_a_session_alive(w: World, taken: list[bytes]) -> None:
    person = signed_in(w, "full")
    for _ in range(5):
        both_ways(w, taken, person, "/a")
        w.clock.forward(20 * 60)
    assert person.get("/a").status == 200


def test_a_feature_that_is_no_longer_exempt_closes_within_a_second(tmp_path: Path, taken: list[bytes]) -> None:
    with world(tmp_path, RULE, app, MORE) as w:
        person = signed_in(w, "restricted")
        for _ in range(20):  # on a busy machine the settings read may be too old again at the next request
            person.get("/own")
            if taken:
                break
        assert taken

        async def change() -> None:
            keys = KeyRing.from_file(tmp_path / "var" / "keys")
            registry = SqlRegistry(f"sqlite:///{tmp_path}/var/registry.db", keys)
            await registry.start()
            settings = TenantSettings(uses_second_factor=True, exempt=frozenset({Feature.PAYSLIP_OWN}))
            await given_establishment(registry, "0001", "000001", settings)
            await registry.close()

        asyncio.run(change())
        _wait_a_second()
        w.seen()
        assert person.get("/own").status in (303, 401, 403)
        assert w.seen() == []


def _wait_a_second() -> None:
    asyncio.run(asyncio.sleep(1.1))


def test_a_restricted_session_takes_the_short_way_nowhere_else(w: World, taken: list[bytes]) -> None:
    person = signed_in(w, "restricted")
    cookies = dict(person.cookies)
    for target in ("/private", "/own/x", "/spa/x", "/login", "/top;x", "//top", "/logout"):
        both_ways(w, taken, person, "/own")
        before = len(taken)
        for _ in range(2):
            person.cookies = dict(cookies)
            person.get(target)
        assert len(taken) == before, target


def test_only_heads_of_a_usual_length_are_remembered(w: World, taken: list[bytes]) -> None:
    """Eight thousand of eight kilobytes, which one person can send, would be a quarter of a gigabyte."""
    person = signed_in(w, "restricted")
    for length, short in ((2000, True), (4000, False)):
        taken.clear()
        for _ in range(3):
            assert person.ask("GET", "/own", None, "X-Long: " + "x" * length).status == 200
        assert bool(taken) is short


def test_a_full_sessions_address_says_nothing_to_a_restricted_one(w: World, taken: list[bytes]) -> None:
    full, restricted = signed_in(w, "full"), signed_in_again(w)
    both_ways(w, taken, full, "/private")
    both_ways(w, taken, restricted, "/own")
    w.seen()
    assert restricted.get("/private").status == 303
    assert w.seen() == []


def test_a_fault_in_the_short_way_stops_nobody_and_opens_nothing(
    w: World, taken: list[bytes], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fault(_spots: Spots, line: bytes) -> None:
        raise RuntimeError(line)

    person = signed_in(w, "restricted")
    both_ways(w, taken, person, "/own")
    monkeypatch.setattr(Spots, "find", fault)
    before = len(taken)
    w.seen()
    own = person.get("/own?never=asked")
    assert (own.status, own.body, own.complete) == (200, b"page /own", True)
    assert b"signed-in" in w.seen()[0].cookie
    assert person.get("/private").status == 303
    assert w.seen() == []
    assert len(taken) == before
    faults = [record for record in caplog.records if record.name == "sekisho.lane"]
    assert [record.getMessage() for record in faults] == ["the gate failed on the short way"] * 2
    assert all(record.exc_info for record in faults)


def signed_in_again(w: World) -> Person:
    person = w.person()
    person.ask("POST", "/login", b"user=B0000012")
    person.choose("restricted")
    person.get("/login")
    return person


CHANGES = (
    (b"GET /a HTTP/1.1\r\n", b"POST /a HTTP/1.1\r\n"),
    (b"GET /a HTTP/1.1\r\n", b"GET /a HTTP/1.0\r\n"),
    (b"GET /a HTTP/1.1\r\n", b"GET  /a HTTP/1.1\r\n"),
    (b"GET /a HTTP/1.1\r\n", b"GET /a\tHTTP/1.1\r\n"),
    (b"GET /a HTTP/1.1\r\n", b"GET /a HTTP/1.1 HTTP/1.1\r\n"),
    (b"GET /a HTTP/1.1\r\n", b"GET /a?b#c HTTP/1.1\r\n"),
    (b"GET /a HTTP/1.1\r\n", b"GET /a?;jsessionid=1 HTTP/1.1\r\n"),
    (b"GET /a HTTP/1.1\r\n", b"GET /a?\xff HTTP/1.1\r\n"),
    (b"GET /a HTTP/1.1\r\n", b"GET http://app.test/a HTTP/1.1\r\n"),
    (b"GET /a HTTP/1.1\r\n", b"\r\nGET /a HTTP/1.1\r\n"),
    (b"GET /a HTTP/1.1\r\n", b"GET /a HTTP/1.1\r\nContent-Length: 0\r\n"),
    (b"GET /a HTTP/1.1\r\n", b"GET /a HTTP/1.1\r\nHost: app.test\r\n"),
    (b"GET /a HTTP/1.1\r\n", b"GET /a HTTP/1.1\r\nX-New: 1\r\n"),
    (b"\r\n\r\n", b"\r\n\r\nGET /a HTTP/1.1\r\n"),
    (b"Accept", b"accept"),
)


def test_another_byte_is_another_request(w: World, taken: list[bytes]) -> None:
    person = signed_in(w, "full")
    for change in CHANGES:
        both_ways(w, taken, person, "/a")
        before = len(taken)
        changed = person.raw("GET", "/a").replace(*change, 1)
        assert changed != person.raw("GET", "/a")
        with socket.create_connection(("127.0.0.1", w.gateway.port)) as sock:
            sock.sendall(changed)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
        assert len(taken) == before, change


def test_requests_that_come_in_pieces_or_together_are_answered_in_order(w: World, taken: list[bytes]) -> None:
    person = signed_in(w, "full")
    both_ways(w, taken, person, "/a")
    both_ways(w, taken, person, "/b")
    one, two = person.raw("GET", "/a?1"), person.raw("GET", "/b")
    with socket.create_connection(("127.0.0.1", w.gateway.port)) as sock:
        for sent in (one + two, one[:40], one[40:], one, two + one[:9], one[9:]):
            sock.sendall(sent)
            _pause()
        sock.shutdown(socket.SHUT_WR)
        stream = b""
        while got := sock.recv(65536):
            stream += got
    bodies = [part.split(b"HTTP/1.1")[0] for part in stream.split(b"\r\n\r\n")[1:]]
    assert bodies == [b"page /a", b"page /b", b"page /a", b"page /a", b"page /b", b"page /a"]


def _pause() -> None:
    asyncio.run(asyncio.sleep(0.05))


def test_another_clients_address_is_told_to_the_app_as_its_own(w: World, taken: list[bytes]) -> None:
    person = signed_in(w, "full")
    both_ways(w, taken, person, "/a")
    w.seen()
    before = len(taken)
    assert exchange(w.gateway.port, person.raw("GET", "/a"), source="127.0.0.9", method="GET").status == 200
    assert len(taken) == before
    assert dict(w.seen()[0].headers)[b"X-Forwarded-For"] == b"127.0.0.9"


def test_an_app_that_fails_is_told_to_the_person_in_their_language(w: World, taken: list[bytes]) -> None:
    person = signed_in(w, "full")
    both_ways(w, taken, person, "/a")
    w.app.__exit__()
    before = len(taken)
    failed = person.get("/a")
    assert len(taken) == before + 1
    assert failed.status == 502
    assert "応答" in failed.decoded_body().decode()
