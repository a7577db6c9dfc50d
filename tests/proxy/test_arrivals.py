"""Answers that wait in their sockets are read by whoever finds no free connection, and by nobody twice."""

from __future__ import annotations

import asyncio
import errno
import select
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from gateway.core.messages import ResponseHead
from gateway.proxy.arrivals import Arrivals
from gateway.proxy.pool import Pool, Terms
from gateway.proxy.sweep import Sweep
from gateway.proxy.upstream import UpstreamConnection
from tests.proxy.certificate_kit import pair, trusting
from tests.proxy.lane_kit import OK, app, until

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@dataclass(eq=False)
class Asking:
    """Sends one GET as soon as it has a connection."""

    waiting: bool = True
    cookies: bytes = b""
    answered: bytes = b""
    cause: str = ""
    connection: UpstreamConnection | None = None
    fault: Exception | None = None

    def taken(self, connection: UpstreamConnection) -> None:
        self.waiting = False
        self.connection = connection
        connection.start(self, GET, head_only=False, request_sent=True)

    def unavailable(self, cause: str, *, timed_out: bool) -> None:
        raise AssertionError((cause, timed_out))

    def crowded(self) -> None:
        raise AssertionError

    def answer(self, head: ResponseHead, body: bytes, complete: bool) -> None:
        if self.fault is not None:
            raise self.fault
        assert head.status == 200
        assert complete
        self.answered = body

    def more(self, body: bytes, complete: bool) -> None:
        raise AssertionError((body, complete))

    def interim(self, head: ResponseHead) -> None:
        raise AssertionError(head)

    def switched(self, head: ResponseHead, rest: bytes) -> None:
        raise AssertionError((head, rest))

    def broken(self, cause: str, *, untouched: bool) -> None:
        self.cause = f"{cause} {untouched}"

    def pause_upload(self) -> None:
        raise AssertionError

    def resume_upload(self) -> None:
        raise AssertionError


@dataclass
class Behind:
    """One connection between a pool and an app that is this test itself: what it sends, the loop has not read."""

    pool: Pool
    arrivals: Arrivals
    first: Asking
    app: socket.socket
    listening: socket.socket

    def answers(self, data: bytes) -> None:
        """The app has the request and sends this; it is in the gateway's socket."""
        assert self.app.recv(4096) == GET
        self.app.sendall(data)


@asynccontextmanager
async def one_connection(fault: Exception | None = None) -> AsyncIterator[Behind]:
    arrivals, sweep = Arrivals(), Sweep(asyncio.get_running_loop().time, 1.0)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        pool = Pool("app", listening.getsockname(), Terms(1, 10, 5.0, 65536), sweep, arrivals)
        first = Asking(fault=fault)
        pool.acquire(first)
        await until(lambda: not first.waiting)
        app, _ = listening.accept()
        with app:
            yield Behind(pool, arrivals, first, app, listening)
            pool.close()
            await until(lambda: not pool.size)
        arrivals.close()


async def test_whoever_finds_no_free_connection_gets_the_one_whose_answer_has_come() -> None:
    async with one_connection() as behind:
        behind.answers(OK)
        second = Asking()
        behind.pool.acquire(second)
        assert behind.first.answered == b"ok"
        assert second.connection is behind.first.connection
        behind.answers(OK)
        await until(lambda: bool(second.answered))
        assert second.answered == b"ok"


async def test_without_an_answer_one_waits() -> None:
    async with one_connection() as behind:
        second = Asking()
        behind.pool.acquire(second)
        assert second.waiting
        behind.answers(OK)
        await until(lambda: not second.waiting)


async def test_the_end_of_a_connection_is_left_to_the_loop() -> None:
    async with one_connection() as behind:
        behind.app.shutdown(socket.SHUT_WR)
        behind.arrivals.read()
        assert not behind.first.cause
        await until(lambda: behind.first.cause == "connection closed False")


async def test_a_connection_that_is_paused_is_not_read() -> None:
    async with one_connection() as behind:
        assert behind.first.connection is not None
        behind.first.connection.pause_answer()
        behind.answers(OK)
        behind.arrivals.read()
        assert not behind.first.answered
        behind.first.connection.resume_answer()
        await until(lambda: bool(behind.first.answered))


async def test_bytes_that_nobody_asked_for_do_not_wait_for_the_next_request() -> None:
    async with one_connection() as behind:
        behind.answers(OK)
        await until(lambda: bool(behind.first.answered))
        behind.app.sendall(OK.replace(b"ok", b"no"))
        behind.arrivals.read()
        second = Asking()
        behind.pool.acquire(second)
        assert second.waiting, "for a new connection"


async def test_every_request_that_gets_a_connection_is_counted() -> None:
    async with one_connection() as behind:
        assert behind.pool.take_served() == 1
        behind.answers(OK)
        behind.pool.acquire(Asking())
        assert behind.pool.take_served() == 1
        behind.answers(OK)
        await until(lambda: behind.pool.idle == 1)
        alone = Asking()
        other = Pool(
            "app", behind.listening.getsockname(), Terms(1, 10, 5.0, 65536), behind.pool._sweep, behind.arrivals
        )
        other.acquire(alone, fresh=True)
        await until(lambda: not alone.waiting)
        assert other.take_served() == 1
        other.close()
        await until(lambda: not other.size)


async def test_a_fault_with_one_answer_is_not_the_fault_of_who_found_it() -> None:
    async with one_connection(RuntimeError("a fault in the gate")) as behind:
        behind.answers(OK)
        second = Asking()
        behind.pool.acquire(second)
        await until(lambda: bool(second.cause))
        assert second.cause == "connection closed True", "it may be asked again on another connection"


async def test_a_connection_that_is_given_away_or_lost_is_watched_no_more() -> None:
    async with one_connection() as behind:
        assert behind.first.connection is not None
        transport = behind.first.connection.detach()
        assert transport is not None
        behind.answers(OK)
        behind.arrivals.read()
        assert not behind.first.answered
        assert behind.first.connection.descriptor is None
        transport.abort()


async def test_an_answer_that_brings_about_a_look_does_not_look_again() -> None:
    async with one_connection() as behind:
        looks = []

        class Looking(Asking):
            def answer(self, head: ResponseHead, body: bytes, complete: bool) -> None:
                super().answer(head, body, complete)
                behind.arrivals.read()
                looks.append(body)

        second, third = Looking(), Asking()
        behind.answers(OK)
        behind.pool.acquire(second)
        behind.answers(OK)
        behind.pool.acquire(third)
        assert looks == [b"ok"]
        assert third.connection is not None


async def test_when_the_lane_has_closed_whoever_still_asks_for_a_connection_finds_none_and_no_fault() -> None:
    """A sign-in that has begun goes on for a moment after the pools are closed."""
    async with one_connection() as behind:
        behind.pool.close()
        behind.arrivals.close()
        late, later = Asking(), Asking()
        behind.pool.acquire(late)  # the connection that is closing still counts
        await until(lambda: not behind.pool.size)
        behind.pool.acquire(later)
        assert behind.pool.size == 1
        await until(lambda: not behind.pool.size)
        assert late.waiting
        assert later.waiting


async def test_one_that_cannot_be_watched_is_left_to_the_loop() -> None:
    arrivals = Arrivals()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        arrivals._epoll = cast("select.epoll", NoRoom())
        sweep = Sweep(asyncio.get_running_loop().time, 1.0)
        pool = Pool("app", listening.getsockname(), Terms(1, 10, 5.0, 65536), sweep, arrivals)
        first = Asking()
        pool.acquire(first)
        await until(lambda: not first.waiting)
        app, _ = listening.accept()
        with app:
            app.sendall(OK)
            await until(lambda: bool(first.answered))
        pool.close()
        await until(lambda: not pool.size)
    arrivals.close()


class NoRoom:
    """The kernel watches no socket more (epoll_ctl(2): ENOSPC)."""

    closed = False

    def register(self, number: int, events: int) -> None:
        raise OSError(errno.ENOSPC, (number, events))

    def close(self) -> None:
        """Nothing to close."""


async def test_one_with_tls_is_left_to_the_loop(tmp_path: Path) -> None:
    shown = pair(tmp_path, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.certificate, shown.key)
    behind, first = app(OK), Asking()
    where = ("127.0.0.1", await behind.start(context))
    sweep = Sweep(asyncio.get_running_loop().time, 1.0)
    pool = Pool("app", where, Terms(1, 10, 5.0, 65536, trusting(shown)), sweep, Arrivals())
    pool.acquire(first)
    await until(lambda: bool(first.answered))
    assert first.connection is not None
    assert first.connection.descriptor is None
    pool.close()
    await behind.stop()
