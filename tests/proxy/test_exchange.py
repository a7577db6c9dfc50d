"""One request, one answer: framing both ways, reuse, order."""

from __future__ import annotations

import asyncio

import pytest

from gateway.core.messages import Answer, RequestHead, ResponseHead
from gateway.proxy.actions import Action, Forward, Peer, ReadBody, Reply, ResponsePlan
from tests.proxy.lane_kit import OK, RawApp, Reader, Writer, app, bench, forward, get, plain_plan, until


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


async def test_an_answer_arrives_with_its_bytes_unchanged() -> None:
    raw = b"HTTP/1.1 200 \x83e\x83X\x83g\r\nSet-Cookie: a=\x83\\b\r\nx-ODD: v\r\nContent-Length: 3\r\n\r\nabc"
    async with bench(app(raw)) as lane:
        assert await (await lane.browser()).ask(get("/a?b=%20")) == (
            b"HTTP/1.1 200 \x83e\x83X\x83g\r\nSet-Cookie: a=\x83\\b\r\nx-ODD: v\r\nContent-Length: 3\r\n\r\n",
            b"abc",
        )
        assert lane.app.heads[0].startswith(b"GET /a?b=%20 HTTP/1.1\r\nHost: a.example\r\n")


async def test_request_header_bytes_reach_the_app_unchanged() -> None:
    async with bench(app(OK)) as lane:
        await (await lane.browser()).ask(get(extra="X-Name: \x83e\\caf\xe9\r\n"))
        assert b"X-Name: \x83e\\caf\xe9\r\n" in lane.app.heads[0]


async def test_one_upstream_connection_serves_many_requests_of_many_browsers() -> None:
    async with bench(app(OK)) as lane:
        for _ in range(3):
            browser = await lane.browser()
            for _ in range(3):
                assert (await browser.ask(get()))[1] == b"ok"
        assert lane.app.connections == 1


async def test_pipelined_requests_are_judged_and_answered_in_order() -> None:
    def echo(head: bytes, body: bytes) -> bytes:
        target = head.split(b" ")[1]
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(target), target)

    async with bench(app(echo)) as lane:
        browser = await lane.browser()
        browser.writer.write(b"".join(get(f"/{number}") for number in range(500)))
        for number in range(500):
            assert (await browser.answer())[1] == b"/%d" % number
        assert len(lane.gate.asked) == 500
        assert lane.app.connections == 1


async def test_pipelined_replies_do_not_nest() -> None:
    def reply(head: RequestHead, peer: Peer, has_body: bool) -> Action:
        return Reply(Answer(200, b"OK", (), head.target))

    async with bench(app(OK), reply) as lane:
        browser = await lane.browser()
        browser.writer.write(b"".join(get(f"/{number}") for number in range(3000)))
        for number in range(3000):
            assert (await browser.answer())[1] == b"/%d" % number


@pytest.mark.parametrize(
    ("sent", "framing"),
    [
        (b"Content-Length: 5\r\n\r\nhello", b"Content-Length: 5\r\n"),
        (b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"he", b"llo"), b"Transfer-Encoding: chunked\r\n"),
    ],
)
async def test_a_request_body_arrives_in_the_framing_it_came_in(sent: bytes, framing: bytes) -> None:
    async with bench(
        app(lambda head, body: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    ) as lane:
        browser = await lane.browser()
        assert (await browser.ask(b"POST / HTTP/1.1\r\nHost: a\r\n" + sent))[1] == b"hello"
        assert (await browser.ask(get()))[0].startswith(b"HTTP/1.1 200")
        assert framing in lane.app.heads[0]
        assert lane.app.connections == 1


async def test_chunk_extensions_and_trailers_end_at_the_gateway() -> None:
    async with bench(app(lambda head, body: OK if body == b"abc" else b"")) as lane:
        body = b"3;x=y\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n"
        raw = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body
        assert (await (await lane.browser()).ask(raw))[1] == b"ok"
        assert b"Trailer" not in b"".join(lane.app.heads)


async def test_a_chunked_answer_is_chunked_anew() -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"ab", b"cd")
    async with bench(app(raw)) as lane:
        browser = await lane.browser()
        for _ in range(2):
            head, body = await browser.ask(get())
            assert b"Transfer-Encoding: chunked" in head
            assert body == b"abcd"
        assert lane.app.connections == 1


async def test_a_chunked_answer_for_http_1_0_ends_with_the_connection() -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"ab", b"cd")
    async with bench(app(raw)) as lane:
        browser = await lane.browser()
        browser.writer.write(b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
        assert await browser.rest() == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcd"


async def test_http_1_0_stays_open_when_it_asks_and_the_length_is_known() -> None:
    async with bench(app(OK)) as lane:
        browser = await lane.browser()
        for _ in range(2):
            head, body = await browser.ask(b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
            assert b"Connection: keep-alive\r\n" in head
            assert body == b"ok"


async def test_a_body_that_ends_with_the_apps_connection_is_chunked() -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nfirst")
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.write(b" second")

    made = RawApp(script)
    async with bench(made) as lane:
        browser = await lane.browser()
        for _ in range(2):
            head, body = await browser.ask(get())
            assert b"Transfer-Encoding: chunked" in head
            assert body == b"first second"
        assert made.connections == 2


async def test_head_204_and_304_have_no_body_and_the_apps_connection_stays_but_for_head() -> None:
    """What an app might send behind a HEAD's head must not meet the next request."""

    def answer(head: bytes, body: bytes) -> bytes:
        if head.startswith(b"HEAD"):
            return b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
        status = b"204 No Content" if b"/204" in head else b"304 Not Modified"
        return b"HTTP/1.1 " + status + b"\r\nETag: x\r\n\r\n"

    async with bench(app(answer)) as lane:
        browser = await lane.browser()
        head, _ = await browser.ask(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", head_only=True)
        assert b"Content-Length: 500\r\n" in head
        assert b" 204 " in (await browser.ask(get("/204")))[0]
        assert b" 304 " in (await browser.ask(get("/304")))[0]
        head, _ = await browser.ask(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", head_only=True)
        assert b" 200 " in head
        assert lane.app.connections == 2


async def test_head_with_a_chunked_answer_does_not_wait_for_chunks() -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with bench(app(raw)) as lane:
        browser = await lane.browser()
        for _ in range(2):
            await browser.ask(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", head_only=True)
        assert lane.app.connections == 2


async def test_1xx_answers_are_swallowed_and_so_is_a_session_id_in_the_links_of_103() -> None:
    raw = (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a;jsessionid=1>\r\nSet-Cookie: s=1\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
        + OK
    )
    async with bench(app(raw)) as lane:
        browser = await lane.browser()
        head, body = await browser.ask(get())
        assert head.startswith(b"HTTP/1.1 200 ")
        assert body == b"ok"


async def test_100_continue_is_sent_once_the_app_is_there_and_never_forwarded() -> None:
    async with bench(app(OK)) as lane:
        browser = await lane.browser()
        browser.writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert (await browser.answer())[0] == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert (await browser.ask(b"abc"))[1] == b"ok"
        assert b"Expect" not in lane.app.heads[0]


async def test_a_reply_to_expect_sends_no_100_and_closes() -> None:
    async with bench(app(OK), lambda head, peer, has_body: Reply(Answer(403, b"No", (), b"no"))) as lane:
        browser = await lane.browser()
        browser.writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert await browser.rest() == b"HTTP/1.1 403 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
        assert lane.app.connections == 0


async def test_a_reply_with_unread_body_is_received_whole() -> None:
    async with bench(app(OK), lambda head, peer, has_body: Reply(Answer(403, b"No", (), b"no"))) as lane:
        browser = await lane.browser()
        browser.writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 300_000)
        head, body = await browser.answer()
        assert b"Connection: close" in head
        assert body == b"no"


async def test_read_body_asks_again_with_the_whole_body() -> None:
    async def then(body: bytes) -> Action:
        await asyncio.sleep(0)
        return Reply(Answer(200, b"OK", (), body.upper()))

    def admit(head: RequestHead, peer: Peer, has_body: bool) -> Action:
        return ReadBody(10, then, lambda: Reply(Answer(413, b"Too Large", ())))

    async with bench(app(OK), admit) as lane:
        browser = await lane.browser()
        post = b"POST / HTTP/1.1\r\nHost: a\r\n"
        assert (await browser.ask(post + b"Content-Length: 5\r\n\r\nhello"))[1] == b"HELLO"
        head, _ = await browser.ask(post + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert head == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert (await browser.ask(b"ab"))[1] == b"AB"
        head, _ = await browser.ask(post + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"x" * 6, b"y" * 6))
        assert b" 413 " in head
        browser = await lane.browser()
        assert b" 413 " in (await browser.ask(post + b"Content-Length: 11\r\n\r\n"))[0]


async def test_a_body_the_gate_has_read_is_forwarded_with_its_own_length() -> None:
    def admit(head: RequestHead, peer: Peer, has_body: bool) -> Action:
        async def then(body: bytes) -> Action:
            action = forward(head, peer, has_body)
            action.body = body
            return action

        return ReadBody(100, then, lambda: Reply(Answer(413, b"Too Large", ())))

    async with bench(app(lambda head, body: OK if body == b"abcd" else b""), admit) as lane:
        raw = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"ab", b"cd")
        assert (await (await lane.browser()).ask(raw))[1] == b"ok"
        assert b"Content-Length: 4\r\n" in lane.app.heads[0]


async def test_a_plan_may_be_waited_for_and_nothing_is_lost() -> None:
    async def slow(head: ResponseHead) -> ResponsePlan:
        await asyncio.sleep(0.05)
        return plain_plan(head)

    def admit(head: RequestHead, peer: Peer, has_body: bool) -> Action:
        return Forward("app", head.method, head.target, head.headers, slow)

    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"z" * 200_000
    async with bench(app(raw), admit) as lane:
        browser = await lane.browser()
        for _ in range(2):
            assert (await browser.ask(get()))[1] == b"z" * 200_000
        assert lane.app.connections == 1


class Doubling:
    def feed(self, data: bytes) -> bytes:
        return data.replace(b"a", b"aa")

    def finish(self) -> bytes:
        return b"!"


async def test_a_body_filter_changes_the_body_and_the_framing() -> None:
    def admit(head: RequestHead, peer: Peer, has_body: bool) -> Action:
        def plan(answer: ResponseHead) -> ResponsePlan:
            return ResponsePlan((), Doubling())

        return Forward("app", head.method, head.target, head.headers, plan)

    async with bench(app(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\naba"), admit) as lane:
        head, body = await (await lane.browser()).ask(get())
        assert b"Content-Length" not in head
        assert body == b"aabaa!"


async def test_an_answer_before_the_request_ends_closes_both_connections() -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        writer.write(OK)
        await reader.read()

    made = RawApp(script)
    async with bench(made) as lane:
        browser = await lane.browser()
        head, body = await browser.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
        assert b"Connection: close" in head
        assert body == b"ok"
        await until(lambda: made.ended == 1)
        assert lane.lane.pools["app"].idle == 0


@pytest.mark.parametrize(
    ("request_line", "answer", "asked"),
    [
        (b"GET / HTTP/1.1", OK, False),
        (b"POST / HTTP/1.1", OK, False),
        (b"GET / HTTP/1.1", b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok", True),
        (b"GET / HTTP/1.1", b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 2\r\n\r\nok", True),
        (b"GET / HTTP/1.1", b"HTTP/1.1 200 OK\r\nX-Odd:no space\r\nContent-Length: 2\r\n\r\nok", True),
        (b"GET / HTTP/1.0", OK, True),
        (b"HEAD / HTTP/1.1", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", True),
    ],
)
async def test_of_a_plain_answer_the_gate_is_not_asked(request_line: bytes, answer: bytes, asked: bool) -> None:
    seen: list[ResponseHead] = []

    def on_response(head: ResponseHead) -> ResponsePlan:
        seen.append(head)
        return plain_plan(head)

    def admit(head: RequestHead, peer: Peer, has_body: bool) -> Action:
        action = forward(head, peer, has_body)
        action.on_response = on_response
        return action

    async with bench(app(answer), admit) as lane:
        browser = await lane.browser()
        for _ in range(1 if b"1.0" in request_line else 2):
            head_only = request_line.startswith(b"HEAD")
            length = b"Content-Length: 0\r\n" if request_line.startswith(b"POST") else b""
            head, body = await browser.ask(request_line + b"\r\nHost: a\r\n%b\r\n" % length, head_only=head_only)
            assert head.startswith(b"HTTP/1.1 ")
            assert body == (b"" if head_only else b"ok")
        assert bool(seen) is asked


@pytest.mark.parametrize("late", [b"", b"GET /b HTTP/1.1\r\n"])
async def test_what_comes_behind_a_request_that_said_it_was_the_last_does_not_cost_its_answer(late: bytes) -> None:
    async with bench(app(OK)) as lane:
        browser = await lane.browser()
        browser.writer.write(get("/a", "Connection: close\r\n") + get("/b"))
        for _ in range(20):
            browser.writer.write(late)
            await asyncio.sleep(0.01)
        assert (await browser.rest()).endswith(b"\r\n\r\nok")


async def test_what_old_browsers_send_behind_a_form_does_not_cost_them_the_answer() -> None:
    async with bench(app(OK)) as lane:
        browser = await lane.browser()
        browser.writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\na")
        await until(lambda: len(lane.app.heads) == 1)
        for _ in range(20):
            browser.writer.write(b"\r\n")
            await asyncio.sleep(0.01)
        assert (await browser.rest()).endswith(b"\r\n\r\nok")


async def test_an_upgrade_is_an_ordinary_request_and_what_follows_is_judged() -> None:
    async with bench(app(OK)) as lane:
        browser = await lane.browser()
        upgrade = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
        browser.writer.write(get("/ws", upgrade) + get("/admin"))
        assert (await browser.answer())[1] == b"ok"
        assert (await browser.answer())[1] == b"ok"
        assert [head.target for head in lane.gate.asked] == [b"/ws", b"/admin"]
        assert b"pgrade" not in b"".join(lane.app.heads)


async def test_the_body_of_an_upgrade_request_is_a_body() -> None:
    async with bench(app(lambda head, body: OK if body == get("/admin") else b"")) as lane:
        inner = get("/admin")
        raw = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n%b"
        browser = await lane.browser()
        assert (await browser.ask(raw % (len(inner), inner)))[1] == b"ok"
        assert len(lane.gate.asked) == 1


async def test_a_browser_that_wants_to_close_is_closed_and_nothing_behind_is_read() -> None:
    async with bench(app(OK)) as lane:
        browser = await lane.browser()
        browser.writer.write(get("/a", "Connection: close\r\n") + get("/b"))
        assert (await browser.rest()).count(b"HTTP/1.1") == 1
        assert len(lane.gate.asked) == 1
