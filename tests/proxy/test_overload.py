"""An overloaded lane on real sockets: who is turned away and how, who is not, and that it is over when it is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest

from gateway.config.settings import Limits, ListenAddress
from gateway.core.doors import Doors
from gateway.core.messages import Answer, RequestHead
from gateway.core.own_cookies import OwnCookies
from gateway.core.problems import Problem
from gateway.core.signin import SignOutRule
from gateway.proxy import turning, valve
from gateway.proxy.actions import Forward, Peer, Shortcut
from gateway.proxy.busy import Busy
from gateway.proxy.overload import Overload
from gateway.proxy.pool import Pool, Terms
from gateway.proxy.prepared import Prepared
from gateway.proxy.probe import Probe
from gateway.proxy.server import Lane
from gateway.proxy.valve import CALM, PATIENCE, TICK_SECONDS
from tests.proxy.lane_kit import (
    OK,
    Bench,
    Browser,
    RawApp,
    Reader,
    ScriptedGate,
    Writer,
    app,
    forward,
    get,
    short_way,
    until,
)  # fmt: skip

LATE = (1.0, 1.1, 1.1)  # lag, elapsed, busy
SOMEWHAT_LATE = (0.25, 0.35, 0.35)
QUIET = (0.0, TICK_SECONDS, 0.0)
HERE, HERE_ONLY = Peer("127.0.0.1", 1, "http"), (ip_network("127.0.0.0/8"),)
SIGN_OUT = Doors((), (SignOutRule("app", "/logout", frozenset(), (), 0),))


def error_page(problem: Problem, head: RequestHead | None, reference: str, **_: object) -> Answer:
    assert problem is Problem.BUSY
    assert head is not None
    words = b" ".join(value for _, value in head.headers)
    return Answer(503, b"Service Unavailable", ((b"Retry-After", b"5"), (b"Cache-Control", b"no-store")), words)


def busy() -> Busy:
    def language_of(headers: tuple[tuple[bytes, bytes], ...]) -> str:
        return "en" if (b"Accept-Language", b"en") in headers else "ja"

    return Busy(SIGN_OUT, OwnCookies(secure=True), Prepared(Problem.BUSY, error_page, ("ja", "en"), language_of))


class Loaded(Bench):
    """A lane whose ticks are given by hand."""

    @property
    def overload(self) -> Overload:
        overload = self.lane._overload
        assert overload is not None
        return overload

    def tick(self, number: int, lag: tuple[float, float, float]) -> None:
        for _ in range(number):
            self.overload.look(*lag)

    def overloaded(self) -> None:
        """Late for so long that nobody else is taken until the next tick, bar the fewest."""
        self.tick(PATIENCE + 1, LATE)
        self.fill()

    def swamped(self) -> None:
        """The same, and turning away is known to be most of the work."""
        self.overloaded()
        for _ in range(3):
            for _ in range(1000):
                self.overload._valve.takes(known=False)
            self.tick(1, SOMEWHAT_LATE)
        self.fill()

    def fill(self) -> None:
        """Take every place that there is until the next tick."""
        for known in (True, False):
            while self.overload._valve.takes(known=known):
                pass


@asynccontextmanager
async def loaded(
    behind: RawApp | None = None,
    limits: Limits | None = None,
    *,
    many: bool = False,
    shortcut: Shortcut | None = None,
) -> AsyncIterator[Loaded]:
    """`many`: who connects is a proxy in front."""
    behind = behind or app(OK)
    gate = ScriptedGate(forward)
    lane = Lane(
        gate,
        {"app": ("127.0.0.1", await behind.start())},
        limits or Limits(),
        surplus=busy(),
        uncounted=HERE_ONLY if many else (),
        shortcut=shortcut,
    )
    (port,) = await lane.start((ListenAddress("127.0.0.1", 0),))
    made = Loaded(lane, gate, behind, port)
    made.overload._probe.stop()
    try:
        yield made
    finally:
        made.hang_up()
        await lane.close()
        await behind.stop()


async def test_the_surplus_is_answered_at_once_and_no_gate_or_app_is_asked() -> None:
    async with loaded() as lane:
        lane.overloaded()
        browser = await lane.browser()
        for _ in range(3):
            head, body = await browser.ask(get(extra="Accept: text/html\r\nAccept-Language: en\r\n"))
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nRetry-After: 5\r\n" in head
            assert body == b"text/html en"
        assert (await browser.ask(get(extra="Accept: application/json\r\n")))[1] == b"application/json ja"
        assert (lane.gate.asked, lane.app.connections, lane.lane.connections) == ([], 0, 1)


@pytest.mark.parametrize("body", [b"", b"12345"])
async def test_a_body_that_was_not_wanted_does_not_become_a_request(body: bytes) -> None:
    async with loaded() as lane:
        lane.overloaded()
        browser = await lane.browser()
        post = b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\n" + body
        head, _ = await browser.ask(post)
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nConnection: close\r\n" in head
        assert (lane.gate.asked, lane.app.connections) == ([], 0)


async def test_a_whole_form_is_turned_away_and_the_connection_stays() -> None:
    async with loaded() as lane:
        lane.overloaded()
        browser = await lane.browser()
        post = b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\na=b"
        for _ in range(2):
            head, _ = await browser.ask(post)
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nConnection:" not in head
        lane.tick(CALM + 1, QUIET)
        assert (await browser.ask(post))[1] == b"ok"
        assert len(lane.app.heads) == 1


async def test_what_is_remembered_of_those_who_were_turned_away_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turning, "_MOST", 8)
    async with loaded() as lane:
        lane.overloaded()
        remembered, browser = lane.overload._turning, await lane.browser()
        for number in range(20):
            assert (await browser.ask(get(f"/{number}", extra=f"X: {number}\r\n")))[0].startswith(b"HTTP/1.1 503 ")
            assert 1 <= len(remembered._blocks) <= 8
            assert 1 <= len(remembered._lines) <= 8
        await browser.ask(get("/" + "a" * 3000, extra=f"X: {'a' * 3000}\r\n"))
        assert all(len(text) < 3000 for text in (*remembered._blocks, *remembered._lines))
        lane.tick(CALM + 1, QUIET)
        assert not remembered._blocks
        assert not remembered._lines


async def test_a_header_block_of_one_request_says_nothing_about_another_line() -> None:
    """The block is remembered; whether an address is a sign-out, or a line a line, is asked of each."""
    async with loaded() as lane:
        lane.overloaded()
        browser = await lane.browser()
        assert (await browser.ask(get()))[0].startswith(b"HTTP/1.1 503 ")
        assert (await browser.ask(get("/logout")))[1] == b"ok"
        assert (await browser.ask(get().replace(b"GET / ", b"GET /  ")))[0].startswith(b"HTTP/1.1 400 ")


async def test_when_turning_away_is_most_of_the_work_they_come_back_more_slowly() -> None:
    async with loaded() as lane:
        lane.overloaded()
        browser, other = await lane.browser(), await lane.browser()
        assert (await browser.ask(get()))[0].startswith(b"HTTP/1.1 503 ")
        lane.swamped()  # from now on it knows
        began = asyncio.get_running_loop().time()
        assert (await browser.ask(get()))[0].startswith(b"HTTP/1.1 503 ")
        assert (await browser.ask(get("/logout")))[1] == b"ok"
        assert asyncio.get_running_loop().time() - began >= 0.2
        assert (await other.ask(get("/logout")))[1] == b"ok"  # who was not turned away does not wait
        browser.writer.write(get() + get())
        await browser.answer()
        browser.writer.close()
        await until(lambda: lane.lane.connections == 1)  # gone while it rested


async def test_a_few_that_were_sent_behind_a_request_that_was_turned_away_are_answered_with_it() -> None:
    """Those of a person who did not wait; were each to rest, they would grow more and more."""
    async with loaded() as lane:
        lane.swamped()
        browser = await lane.browser()
        browser.writer.write(get() + get("/logout") * 4)
        assert (await browser.answer())[0].startswith(b"HTTP/1.1 503 ")
        assert [(await browser.answer())[1] for _ in range(4)] == [b"ok"] * 4
        (client,) = lane.lane._shared.clients
        assert client._at_rest


async def test_of_many_behind_it_the_rest_wait() -> None:
    """Sixty kilobytes of small requests come in one piece: to turn them all away at once would be no rest."""
    async with loaded() as lane:
        lane.swamped()
        browser = await lane.browser()
        began = asyncio.get_running_loop().time()
        browser.writer.write(get() + get("/logout") * 33)
        assert (await browser.answer())[0].startswith(b"HTTP/1.1 503 ")
        assert [(await browser.answer())[1] for _ in range(33)] == [b"ok"] * 33
        assert asyncio.get_running_loop().time() - began >= 0.2


@pytest.mark.parametrize(("many", "longest"), [(False, 2.0), (True, 0.5)])
async def test_a_connection_that_carries_many_peoples_requests_rests_for_a_moment_only(
    many: bool, longest: float
) -> None:
    async with loaded(many=many) as lane:
        lane.overloaded()
        rests = [lane.overload._turning.rest(HERE)]
        for _ in range(30):
            for _ in range(1000):
                lane.overload._valve.takes(known=False)
            lane.tick(1, SOMEWHAT_LATE)
            rests.append(lane.overload._turning.rest(HERE))
        assert rests == sorted(rests)
        assert (rests[0], rests[-1]) == (0.0, longest)
        assert 0.2 < rests[3] < 0.6
        lane.tick(CALM, QUIET)
        assert lane.overload._turning.rest(HERE) == 0.0


async def test_signing_out_is_always_possible() -> None:
    async with loaded() as lane:
        lane.overloaded()
        browser = await lane.browser()
        assert (await browser.ask(get("/logout")))[1] == b"ok"
        assert (await browser.ask(get("/.sekisho/cancel")))[1] == b"ok"
        assert (await browser.ask(get("/logout/x")))[0].startswith(b"HTTP/1.1 503 ")
        assert (await browser.ask(get("http://a.example/logout")))[1] == b"ok"
        assert (await browser.ask(get("/logout").replace(b"GET", b"DELETE")))[1] == b"ok"
        assert len(lane.app.heads) == 4


async def test_a_sign_out_beyond_the_number_counts_as_taken_not_as_turned_away() -> None:
    async with loaded() as lane:
        lane.overloaded()
        told = lane.overload._valve
        taken, refused = told._taken, told._refused
        assert (await (await lane.browser()).ask(get("/logout")))[1] == b"ok"
        assert (told._taken - taken, told._refused - refused) == (1, 0)
        assert (await (await lane.browser()).ask(get()))[0].startswith(b"HTTP/1.1 503 ")


@pytest.mark.parametrize("extra", ["", "Connection: close\r\n"])
async def test_a_request_counts_once_whichever_way_it_is_turned_away(extra: str) -> None:
    async with loaded(shortcut=short_way()) as lane:
        lane.overloaded()
        told = lane.overload._valve
        asked, refused = told._asked[True], told._refused
        browser = await lane.browser()
        cookie = "Cookie: __Host-sekisho=x\r\n"
        assert (await browser.ask(get(extra=cookie + extra)))[0].startswith(b"HTTP/1.1 503 ")
        assert (told._asked[True] - asked, told._refused - refused) == (1, 1)


async def test_a_fault_in_telling_whom_to_turn_away_ends_in_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def known(surplus: Busy, head: RequestHead) -> bool:
        raise RuntimeError((surplus, head))

    async with loaded() as lane:
        lane.overloaded()
        monkeypatch.setattr(Busy, "known", known)
        head, _ = await (await lane.browser()).ask(get())
        assert head.startswith(b"HTTP/1.1 500 ")
        assert b"\r\nConnection: close\r\n" in head
        assert (lane.gate.asked, lane.app.connections) == ([], 0)


async def test_what_is_under_way_goes_on() -> None:
    go = asyncio.Event()

    async def script(reader: Reader, writer: Writer) -> None:
        head = await made.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        await go.wait()
        writer.write(await reader.readexactly(9) if b"POST" in head else b"123456789")

    made = RawApp(script)
    async with loaded(made) as lane:
        download, upload = await lane.browser(), await lane.browser()
        download.writer.write(get())
        upload.writer.write(b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 9\r\n\r\n123")
        await until(lambda: len(made.heads) == 2)
        lane.overloaded()
        upload.writer.write(b"456789")
        go.set()
        assert (await download.answer())[1] == b"123456789"
        assert (await upload.answer())[1] == b"123456789"


async def test_when_it_is_over_nothing_is_left_in_the_way() -> None:
    async with loaded() as lane:
        shared = lane.lane._shared
        gate, shortcut = shared.gate, shared.shortcut
        browser = await lane.browser()
        lane.overloaded()
        assert (await browser.ask(get()))[0].startswith(b"HTTP/1.1 503 ")
        assert shared.gate is not gate
        lane.tick(CALM + 1, QUIET)
        assert (await browser.ask(get()))[1] == b"ok"
        assert (shared.gate, shared.shortcut) == (gate, shortcut)


async def test_those_with_a_session_cookie_come_before_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valve, "_REST", 0.0)
    async with loaded() as lane:
        lane.tick(PATIENCE, LATE)
        for _ in range(1000):
            lane.overload._valve.takes(known=True)
            lane.overload._valve.takes(known=False)
        lane.tick(1, LATE)
        browser = await lane.browser()
        told = {"known": 0, "stranger": 0}
        for _ in range(60):
            for who, extra in (("known", "Cookie: a=b; __Host-sekisho=x\r\n"), ("stranger", "Cookie: a=b\r\n")):
                told[who] += (await browser.ask(get(extra=extra)))[1] == b"ok"
        assert told["known"] > 3 * told["stranger"] > 0


async def test_waiting_for_the_app_where_most_people_go_counts_and_for_one_that_hangs_does_not() -> None:
    async with loaded() as lane:
        pools = lane.lane._shared.pools
        pool = pools["app"]
        assert isinstance(pool, Pool)
        shared = lane.lane._shared
        pools["hangs"] = Pool("hangs", ("127.0.0.1", 1), Terms(0, 100, 1.0, 1000), shared.sweep, shared.arrivals)
        for _ in range(3):
            pools["hangs"].acquire(Patient())
        browser = await lane.browser()
        for _ in range(2):
            await browser.ask(get())
        assert lane.overload._at_apps() == (0, 2)
        assert lane.overload._at_apps() == (0, 0), "counted once"
        await browser.ask(get())
        pool._waiting.extend([(Patient(), False)] * 5)
        assert lane.overload._at_apps() == (5, 1)


class Patient:
    """Waits for a connection and never gets one."""

    waiting = True
    cookies = b""

    def taken(self, connection: object) -> None:
        """Never."""

    def unavailable(self, cause: str, *, timed_out: bool) -> None:
        """Never."""

    def crowded(self) -> None:
        """Never."""


def _laborious(head: RequestHead, peer: Peer, has_body: bool) -> Forward:
    """Two milliseconds of work: the lane can carry no five hundred of these a second."""
    ends = time.thread_time() + 0.002
    while time.thread_time() < ends:
        pass
    return forward(head, peer, has_body)


@pytest.mark.alone
async def test_a_crowd_is_answered_and_the_lane_recovers() -> None:
    async with loaded(limits=Limits(overload_seconds=0.1)) as lane:
        lane.gate.script = _laborious
        lane.overload._probe = Probe(TICK_SECONDS, lane.overload._tick)
        lane.overload.start()
        statuses: dict[bytes, int] = {}

        async def ask(browser: Browser) -> None:
            while statuses.get(b"503", 0) < 100:
                head, _ = await browser.ask(get())
                statuses[head[9:12]] = statuses.get(head[9:12], 0) + 1

        async with asyncio.timeout(60):
            await asyncio.gather(*[ask(await lane.browser()) for _ in range(150)])
        assert set(statuses) == {b"200", b"503"}
        assert statuses[b"200"] == len(lane.app.heads)
        async with asyncio.timeout(40):
            while lane.overload._valve.turning_away:  # noqa: ASYNC110 - it says so to nobody
                await asyncio.sleep(0.1)
        assert (await (await lane.browser()).ask(get()))[1] == b"ok"


async def test_time_limits_hold_where_the_loop_does_not_come_to_its_timers() -> None:
    async with loaded() as lane:
        sweep = lane.lane._sweep
        browser = await lane.browser()
        await until(lambda: lane.lane.connections == 1)
        assert sweep._timer is not None
        sweep._timer.cancel()
        lane.overload._tick(0.0, TICK_SECONDS)
        assert lane.lane.connections == 1
        lane.lane._sweep._clock = lambda: sweep.now + 60.0
        lane.overload._tick(0.0, TICK_SECONDS)
        assert await browser.gone()
