"""What is sent twice and what never is, when the app closes a pooled connection at the worst moment."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from tests.proxy.lane_kit import OK, RawApp, Reader, Writer, bench, get, read_body, until

Ending = Callable[[Reader, Writer], Awaitable[None]]


def request(method: str, body: bytes = b"") -> bytes:
    framing = f"Content-Length: {len(body)}\r\n" if body or method in ("POST", "PUT") else ""
    return f"{method} /second HTTP/1.1\r\nHost: a\r\n{framing}\r\n".encode() + body


def reset(writer: Writer) -> None:
    """Close by a reset."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def end_after_head(reader: Reader, writer: Writer) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def reset_after_head(reader: Reader, writer: Writer) -> None:
    await reader.readuntil(b"\r\n\r\n")
    reset(writer)


async def reset_in_the_head(reader: Reader, writer: Writer) -> None:
    await reader.readexactly(4)
    reset(writer)


async def end_in_the_head(reader: Reader, writer: Writer) -> None:
    await reader.readexactly(4)


async def reset_unread(reader: Reader, writer: Writer) -> None:
    """The request lies in the kernel's buffer: closing resets."""
    cast(asyncio.Transport, writer.transport).pause_reading()
    await asyncio.sleep(0.05)
    writer.close()


ENDINGS = [end_after_head, reset_after_head, reset_in_the_head, end_in_the_head, reset_unread]


def app_that(ends: Ending) -> RawApp:
    """Answers once; its first connection's second request meets `ends`, every other connection goes on answering."""

    async def script(reader: Reader, writer: Writer) -> None:
        first = made.connections == 1
        while True:
            head = await made.head(reader)
            await read_body(reader, head)
            writer.write(OK)
            await writer.drain()
            if first:
                await ends(reader, writer)
                return

    made = RawApp(script)
    return made


@pytest.mark.parametrize("ends", ENDINGS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_what_changes_nothing_is_sent_once_more(ends: Ending, method: str) -> None:
    async with bench(app_that(ends)) as lane:
        browser = await lane.browser()
        await browser.ask(get())
        head, _ = await browser.ask(request(method), head_only=method == "HEAD")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert lane.app.connections == 2
        assert lane.gate.failures == []


@pytest.mark.parametrize("ends", ENDINGS)
@pytest.mark.parametrize(
    "sent", [request("POST", b"abc"), request("POST"), request("PUT", b"abc"), request("DELETE"), request("PATCH")]
)
async def test_what_may_have_changed_something_is_never_sent_twice(ends: Ending, sent: bytes) -> None:
    async with bench(app_that(ends)) as lane:
        browser = await lane.browser()
        await browser.ask(get())
        assert (await browser.ask(sent))[0].startswith(b"HTTP/1.1 502 ")
        assert lane.app.connections == 1
        assert (await browser.ask(sent))[1] == b"ok"


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("sent", [request("GET"), request("POST", b"abc"), request("PUT", b"abc"), request("DELETE")])
async def test_a_connection_that_was_closed_before_is_not_used_at_all(hard: bool, sent: bytes) -> None:
    closing = asyncio.Event()

    async def closes(reader: Reader, writer: Writer) -> None:
        await closing.wait()
        if hard:
            reset(writer)

    async with bench(app_that(closes)) as lane:
        browser = await lane.browser()
        await browser.ask(get())
        assert lane.lane.pools["app"].idle == 1
        closing.set()
        await until(lambda: lane.lane.pools["app"].idle == 0)
        assert (await browser.ask(sent))[1] == b"ok"


async def test_once_more_means_once() -> None:
    """An app that closes every connection at its second request, and from then on at the first."""

    async def script(reader: Reader, writer: Writer) -> None:
        await made.head(reader)
        if made.connections == 1:
            writer.write(OK)
            await made.head(reader)

    made = RawApp(script)
    async with bench(made) as lane:
        browser = await lane.browser()
        await browser.ask(get())
        assert (await browser.ask(get()))[0].startswith(b"HTTP/1.1 502 ")
        assert lane.app.connections == 2


async def test_an_answer_that_has_begun_is_never_asked_for_again() -> None:
    async def begins(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 2")

    async with bench(app_that(begins)) as lane:
        browser = await lane.browser()
        await browser.ask(get())
        assert (await browser.ask(get()))[0].startswith(b"HTTP/1.1 502 ")
        assert lane.app.connections == 1
