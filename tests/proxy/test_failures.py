"""What goes wrong: apps that die, browsers that go away, time limits, surplus bytes, a full pool."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.config.settings import Limits
from gateway.core.errors import UpstreamUnavailable
from gateway.core.messages import RequestHead
from gateway.proxy.actions import Action, Peer
from tests.proxy.lane_kit import OK, QUICK, RawApp, Reader, Writer, app, bench, get, read_body, until

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"


def first_then(first: bytes, then: bytes = b"", *, hold: bool = False) -> RawApp:
    """Answers the first request of a connection with `first`; the second with `then` or by closing."""

    async def script(reader: Reader, writer: Writer) -> None:
        for answer in (first, then):
            await read_body(reader, await made.head(reader))
            writer.write(answer)
            await writer.drain()
        if hold:
            await reader.read()

    made = RawApp(script)
    return made


@pytest.mark.parametrize(
    "begin",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ],
)
async def test_an_answer_that_breaks_off_never_looks_complete(begin: bytes) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        writer.write(begin)
        await writer.drain()
        await asyncio.sleep(0.05)

    made = RawApp(script)
    async with bench(made) as lane:
        browser = await lane.browser()
        browser.writer.write(get())
        head = await browser.reader.readuntil(b"\r\n\r\n")
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await read_body(browser.reader, head)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_what_is_no_answer_is_a_502_and_the_browser_may_go_on(answer: bytes) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        await read_body(reader, await made.head(reader))
        writer.write(answer)
        await writer.drain()

    made = RawApp(script)
    async with bench(made) as lane:
        browser = await lane.browser()
        for _ in range(2):
            assert (await browser.ask(get())) == (b"HTTP/1.1 502 Failed\r\nContent-Length: 6\r\n\r\n", b"failed")


@pytest.mark.parametrize(
    "surplus",
    [OK + b"x", OK + OK, b"HTTP/1.1 204 No\r\n\r\n" + OK, OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")],
)
async def test_a_connection_with_surplus_bytes_is_never_used_again(surplus: bytes) -> None:
    async with bench(app(surplus)) as lane:
        browser = await lane.browser()
        await browser.ask(get())
        await browser.ask(get())
        assert lane.app.connections == 2


async def test_bytes_on_an_idle_connection_end_it() -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        writer.write(OK)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
        await reader.read()

    made = RawApp(script)
    async with bench(made) as lane:
        browser = await lane.browser()
        await browser.ask(get())
        await until(lambda: lane.lane.pools["app"].idle == 0)
        assert (await browser.ask(get()))[1] == b"ok"


async def test_a_get_is_sent_again_when_a_used_connection_turns_out_closed() -> None:
    async with bench(first_then(OK)) as lane:
        browser = await lane.browser()
        for _ in range(4):
            assert (await browser.ask(get()))[1] == b"ok"
        assert len(lane.app.heads) > 4


async def test_a_form_is_never_sent_twice() -> None:
    async with bench(first_then(OK)) as lane:
        browser = await lane.browser()
        await browser.ask(get())
        assert b" 502 " in (await browser.ask(POST + b"abc"))[0]
        assert sum(head.startswith(b"POST") for head in lane.app.heads) == 1


async def test_an_app_that_is_not_there_is_a_502() -> None:
    stopped = app(OK)
    async with bench(stopped) as lane:
        await stopped.stop()
        assert b" 502 " in (await (await lane.browser()).ask(get()))[0]
        assert lane.gate.failures == [False]


async def test_a_browser_that_goes_away_takes_its_upstream_connection_along() -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        await reader.read()

    made = RawApp(script)
    async with bench(made) as lane:
        browser = await lane.browser()
        browser.writer.write(get())
        await browser.reader.readuntil(b"abc")
        browser.writer.transport.abort()
        await until(lambda: made.ended == 1)
        assert lane.lane.pools["app"].size == 0


async def test_a_gate_that_fails_lets_nothing_through() -> None:
    def admit(head: RequestHead, peer: Peer, has_body: bool) -> Action:
        raise RuntimeError("broken gate")

    async with bench(app(OK), admit) as lane:
        browser = await lane.browser()
        browser.writer.write(get())
        assert (await browser.rest()).startswith(b"HTTP/1.1 500 ")
        assert lane.app.connections == 0


async def test_a_head_that_does_not_end_is_answered_408() -> None:
    async with bench(app(OK), limits=QUICK) as lane:
        browser = await lane.browser()
        browser.writer.write(b"GET / HTTP/1.1\r\nX-")
        assert (await browser.rest()).startswith(b"HTTP/1.1 408 ")


async def test_idle_connections_are_closed_without_a_word() -> None:
    async with bench(app(OK), limits=QUICK) as lane:
        fresh, used = await lane.browser(), await lane.browser()
        await used.ask(get())
        assert await fresh.gone()
        assert await used.gone()


async def test_a_body_that_stops_is_answered_408_and_its_connection_is_not_pooled() -> None:
    async with bench(app(OK), limits=QUICK) as lane:
        browser = await lane.browser()
        browser.writer.write(POST + b"a")
        assert (await browser.rest()).startswith(b"HTTP/1.1 408 ")
        assert lane.lane.pools["app"].idle == 0


async def test_an_app_that_does_not_answer_is_a_504() -> None:
    async with bench(first_then(b"", b"", hold=True), limits=QUICK) as lane:
        assert b" 504 " in (await (await lane.browser()).ask(get()))[0]
        assert lane.gate.failures == [True]


async def test_an_answer_that_stops_is_cut_off() -> None:
    stuck = first_then(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", hold=True)
    async with bench(stuck, limits=QUICK) as lane:
        browser = await lane.browser()
        browser.writer.write(get())
        await browser.reader.readuntil(b"abc")
        assert await browser.gone()


async def test_a_browser_that_does_not_read_is_cut_off() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n" + bytes(20_000_000)
    async with bench(app(raw), limits=replace(QUICK, answer_seconds=5.0)) as lane:
        browser = await lane.browser()
        browser.writer.write(get())
        await until(lambda: lane.lane.connections == 1)
        browser.reader._transport.pause_reading()  # type: ignore[attr-defined]
        await until(lambda: lane.lane.connections == 0)


async def test_a_full_pool_is_waited_for_in_order_and_not_for_ever() -> None:
    release = asyncio.Event()

    async def script(reader: Reader, writer: Writer) -> None:
        while True:
            head = await made.head(reader)
            if b"/slow" in head:
                await release.wait()
            writer.write(OK)

    made = RawApp(script)
    async with bench(made, limits=replace(QUICK, pool_size=1)) as lane:
        slow, waiting = await lane.browser(), await lane.browser()
        slow.writer.write(get("/slow"))
        await until(lambda: made.connections == 1)
        assert b" 504 " in (await waiting.ask(get("/late")))[0]
        release.set()
        await until(lambda: lane.lane.pools["app"].size == 0 or lane.lane.pools["app"].idle == 1)
        assert (await waiting.ask(get("/next")))[1] == b"ok"
        assert not any(b"/late" in head for head in made.heads)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 80_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 300 + b"\r\n", 431),
        (b"GET /" + b"x" * 80_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    ],
)
async def test_heads_beyond_their_limits_are_refused(raw: bytes, status: int) -> None:
    async with bench(app(OK)) as lane:
        browser = await lane.browser()
        browser.writer.write(raw)
        assert (await browser.rest()).startswith(b"HTTP/1.1 %d " % status)
        assert lane.gate.asked == []


async def test_a_head_below_the_limits_passes() -> None:
    async with bench(app(OK)) as lane:
        assert (await (await lane.browser()).ask(get("/" + "x" * 9000, f"X: {'y' * 30000}\r\n")))[1] == b"ok"


async def test_fetch_gives_head_and_body_as_they_came() -> None:
    raw = b"HTTP/1.1 302 \x83e\r\nLocation: /\x83\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    async with bench(app(raw)) as lane:
        head, body = await lane.lane.fetcher.fetch("app", b"POST", b"/in", ((b"Host", b"a"),), b"u=1", 100)
        assert (head.status, head.reason, body) == (302, b"\x83e", b"abc")
        assert (b"Location", b"/\x83") in head.headers
        assert lane.app.heads == [b"POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"]


@pytest.mark.parametrize(
    ("answer", "timed_out"),
    [(OK.replace(b": 2", b": 200") + b"x" * 198, False), (b"", True), (OK.replace(b": 2", b": 9"), True)],
)
async def test_fetch_raises_for_what_is_no_whole_answer_in_time(answer: bytes, timed_out: bool) -> None:
    async with bench(first_then(answer, hold=True), limits=Limits(answer_seconds=0.3)) as lane:
        with pytest.raises(UpstreamUnavailable) as raised:
            await lane.lane.fetcher.fetch("app", b"GET", b"/", (), b"", 100)
        assert raised.value.timed_out is timed_out
        await until(lambda: lane.lane.pools["app"].size == 0)


@pytest.mark.parametrize("line", [b"X-A: " + b"a" * 1000 + b"\r\n", b"\r\nHTTP/1.1 102 Wait\r\n"])
async def test_a_head_without_an_end_is_a_502(line: bytes) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        writer.write(b"HTTP/1.1 102 Wait\r\n")
        while not writer.is_closing():
            writer.write(line * 100)
            await writer.drain()
            await asyncio.sleep(0)

    made = RawApp(script)
    async with bench(made) as lane:
        browser = await lane.browser()
        assert (await browser.ask(get()))[0].startswith(b"HTTP/1.1 502 ")
        await until(lambda: made.ended == 1)


async def test_a_short_way_that_fails_leaves_the_request_to_the_gate(caplog: pytest.LogCaptureFixture) -> None:
    def fault(data: bytes, peer: Peer) -> None:
        raise KeyError(data[:5] + peer.address.encode())

    async with bench(app(OK), shortcut=fault) as lane:
        browser = await lane.browser()
        for target in ("/a", "/b"):
            head, body = await browser.ask(get(target))
            assert (head.startswith(b"HTTP/1.1 200 OK"), body) == (True, b"ok")
        assert [head.target for head in lane.gate.asked] == [b"/a", b"/b"]
        assert len(lane.app.heads) == 2
    assert [(record.name, record.getMessage()) for record in caplog.records] == [
        ("sekisho.lane", "the gate failed on the short way")
    ] * 2
    assert all(record.exc_info and record.exc_info[0] is KeyError for record in caplog.records)
