"""What is no proper HTTP is answered, closed, and reaches no app. The table follows published smuggling corpora."""

from __future__ import annotations

import asyncio

import pytest

from tests.proxy.lane_kit import OK, app, bench, get

POST = b"POST /pub/x HTTP/1.1\r\nHost: app.test\r\n"
HOST = b"Host: app.test\r\n"

REFUSED = {
    "CL.TE": POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
    "TE.TE": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
    "TE.TE reversed": POST + b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "TE behind VT": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "TE folded": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "bare LF": POST + b"X: y\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "bare CR": POST + b"X: y\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "Transfer_Encoding": POST + b"Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "Content_Length": POST + b"Content_Length: 50\r\nContent-Length: 0\r\n\r\n",
    "Content.Length": POST + b"Content.Length: 50\r\nContent-Length: 0\r\n\r\n",
    "TE chunked, identity": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "TE identity, chunked": POST + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
    "TE gzip, chunked": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "TE quoted": POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "TE with parameter": POST + b"Transfer-Encoding: chunked;ext=1\r\n\r\n0\r\n\r\n",
    "TE with NUL": POST + b"Transfer-Encoding: chunked\x00\r\n\r\n0\r\n\r\n",
    "TE on 1.0": b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "CL twice": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "CL twice, differing": POST + b"Content-Length: 3\r\nContent-Length: 0\r\n\r\nabc",
    "CL list": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "CL hex": POST + b"Content-Length: 0x3\r\n\r\nabc",
    "CL underscore": POST + b"Content-Length: 3_0\r\n\r\nabc",
    "CL negative": POST + b"Content-Length: -1\r\n\r\n",
    "CL plus": POST + b"Content-Length: +3\r\n\r\nabc",
    "CL overflow": POST + b"Content-Length: 18446744073709551617\r\n\r\nabc",
    "GET with length": b"GET /pub/x HTTP/1.1\r\n" + HOST + b"Content-Length: 40\r\n\r\n" + get("/admin/x"),
    "HEAD with length": b"HEAD /pub/x HTTP/1.1\r\n" + HOST + b"Content-Length: 40\r\n\r\n" + get("/admin/x"),
    "GET chunked": b"GET /pub/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get("/admin/x"),
    "space first": b"GET /pub/x HTTP/1.1\r\n Host: app.test\r\n\r\n",
    "space in name": b"GET /pub/x HTTP/1.1\r\n" + HOST + b"X Y: 1\r\n\r\n",
    "space before colon": b"GET /pub/x HTTP/1.1\r\n" + HOST + b"X-Forwarded-User : admin\r\n\r\n",
    "no name": b"GET /pub/x HTTP/1.1\r\n" + HOST + b": v\r\n\r\n",
    "no colon": b"GET /pub/x HTTP/1.1\r\n" + HOST + b"NoColon\r\n\r\n",
    "no Host": b"GET /pub/x HTTP/1.1\r\n\r\n",
    "no Host on 1.0": b"GET /pub/x HTTP/1.0\r\n\r\n",
    "two Hosts": b"GET /pub/x HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "Host spelled twice": b"GET /pub/x HTTP/1.1\r\n" + HOST + b"host: APP.TEST\r\n\r\n",
    "Host list": b"GET /pub/x HTTP/1.1\r\nHost: app.test, other.test\r\n\r\n",
    "Host with user": b"GET /pub/x HTTP/1.1\r\nHost: app.test:443@other.test\r\n\r\n",
    "Host with fragment": b"GET /pub/x HTTP/1.1\r\nHost: other.test#@app.test\r\n\r\n",
    "Host with path": b"GET /pub/x HTTP/1.1\r\nHost: app.test/../other\r\n\r\n",
    "Host not ASCII": b"GET /pub/x HTTP/1.1\r\nHost: \xd0\xb0pp.test\r\n\r\n",
    "HTTP/2.0": b"GET /pub/x HTTP/2.0\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /pub/x HTTP/0.9\r\n" + HOST + b"\r\n",
    "RTSP": b"GET /pub/x RTSP/1.0\r\n" + HOST + b"\r\n",
    "two spaces": b"GET  /pub/x HTTP/1.1\r\n" + HOST + b"\r\n",
    "h2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TRACE": b"TRACE /pub/x HTTP/1.1\r\n" + HOST + b"\r\n",
    "CONNECT": b"CONNECT app.test:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "unknown method": b"FOO /admin/x HTTP/1.1\r\n" + HOST + b"\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "fragment": b"GET /admin#/pub/x HTTP/1.1\r\n" + HOST + b"\r\n",
    "another authority": b"GET http://other.test/x HTTP/1.1\r\n" + HOST + b"\r\n",
    "another scheme": b"GET ftp://app.test/x HTTP/1.1\r\n" + HOST + b"\r\n",
    "8-bit target": b"GET /\xe3 HTTP/1.1\r\n" + HOST + b"\r\n",
    "odd Expect": b"GET /pub/x HTTP/1.1\r\n" + HOST + b"Expect: y100-continue\r\n\r\n",
    "Cookie nominated": b"GET /pub/x HTTP/1.1\r\n" + HOST + b"Connection: keep-alive, Cookie\r\n\r\n",
    "X-Forwarded-For nominated": b"GET /pub/x HTTP/1.1\r\n" + HOST + b"Connection: close, X-Forwarded-For\r\n\r\n",
}

BROKEN_BODIES = {
    "space behind size": b"3 \r\nabc\r\n0\r\n\r\n",
    "size overflow": b"FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n",
    "no size": b"xyz\r\nabc\r\n0\r\n\r\n",
    "size too small": b"2\r\nabc\r\n0\r\n\r\n",
    "request in the trailer": b"3\r\nabc\r\n0\r\nGET /admin/x HTTP/1.1\r\nHost: app.test\r\nX: ",
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
async def test_it_is_refused_closed_and_reaches_no_app(raw: bytes) -> None:
    async with bench(app(OK)) as lane:
        browser = await lane.browser()
        browser.writer.write(raw)
        answer = await browser.rest()
        assert int(answer.split(b" ")[1]) in (400, 405, 417, 505)
        assert answer.count(b"HTTP/1.1") == 1
        assert b"Connection: close\r\n" in answer
        assert len(lane.gate.refused) == 1
        assert lane.gate.asked == []
        assert lane.app.connections == 0


@pytest.mark.parametrize("body", BROKEN_BODIES.values(), ids=BROKEN_BODIES.keys())
async def test_a_broken_body_ends_both_connections(body: bytes) -> None:
    async with bench(app(OK)) as lane:
        browser = await lane.browser()
        browser.writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n" + body)
        assert (await browser.rest()).startswith(b"HTTP/1.1 400 ")
        await asyncio.sleep(0.05)
        assert lane.lane.pools["app"].size == 0
        assert len(lane.gate.asked) <= 1


async def test_a_refusal_comes_after_the_answers_of_the_requests_before_it() -> None:
    async with bench(app(OK)) as lane:
        browser = await lane.browser()
        browser.writer.write(get("/a") + get("/b") + b"GET / HTTP/1.1\r\n\r\n" + get("/c"))
        assert (await browser.answer())[1] == b"ok"
        assert (await browser.answer())[1] == b"ok"
        assert (await browser.rest()).startswith(b"HTTP/1.1 400 ")
        assert [head.target for head in lane.gate.asked] == [b"/a", b"/b"]


async def test_an_absolute_target_with_the_hosts_authority_is_cut_to_its_path() -> None:
    async with bench(app(OK)) as lane:
        browser = await lane.browser()
        await browser.ask(b"GET http://App.test/x?y HTTP/1.1\r\nHost: app.test\r\n\r\n")
        await browser.ask(b"GET http://app.test?y HTTP/1.1\r\nHost: app.test\r\n\r\n")
        assert [head.target for head in lane.gate.asked] == [b"/x?y", b"/?y"]
