"""The sockets of workers that share an address."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import pytest

from bench.processes import free_port
from gateway.config.settings import ListenAddress
from gateway.workers.listeners import Listeners

MANY = 60  # of which the kernel would give a worker none once in 2**60 times


@contextlib.contextmanager
def listening(workers: int) -> Iterator[tuple[Listeners, list[ListenAddress]]]:
    addresses = [ListenAddress("127.0.0.1", free_port())]
    listeners = Listeners(workers)
    try:
        listeners.bind(addresses)
        yield listeners, addresses
    finally:
        listeners.close()


def connected(address: ListenAddress) -> list[socket.socket]:
    return [socket.create_connection((address.host, address.port), 10) for _ in range(MANY)]


def arrived(listener: socket.socket) -> int:
    """How many wait in its queue. Each is told a word."""
    listener.setblocking(False)
    count = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            with listener.accept()[0] as one:
                one.sendall(b"!")
            count += 1
    return count


def served(clients: list[socket.socket]) -> int:
    """How many of them got the word."""
    count = 0
    for one in clients:
        one.settimeout(20)
        with contextlib.suppress(ConnectionResetError):
            count += one.recv(1) == b"!"
    return count


def test_a_worker_at_rest_gets_no_connections_until_somebody_listens_there_again() -> None:
    with listening(2) as (listeners, addresses), contextlib.ExitStack() as stack:
        (first,), (second,) = (listeners.of(number, addresses) for number in (1, 2))
        waited = [stack.enter_context(one) for one in connected(addresses[0])]
        listeners.rest(2)
        listeners.rest(2)
        before = arrived(first)
        assert 0 < before < MANY
        assert served(waited) == before, "nobody waits where nobody comes: the others are cut off"
        later = [stack.enter_context(one) for one in connected(addresses[0])]
        assert arrived(first) == MANY
        assert served(later) == MANY
        with second.dup() as copy:
            listeners.resume(2)
            listeners.resume(2)
            back = [stack.enter_context(one) for one in connected(addresses[0])]
            assert 0 < arrived(copy) < MANY
            assert 0 < arrived(first) < MANY
            assert served(back) == MANY, "who comes to one that has rested is served as ever"


def test_when_all_rest_connections_are_refused() -> None:
    with listening(2) as (listeners, addresses):
        for number in (1, 2):
            listeners.rest(number)
        with pytest.raises(ConnectionRefusedError):
            connected(addresses[0])


async def test_who_asks_for_a_page_while_nobody_makes_one_is_cut_off_at_once() -> None:
    with listening(1) as (listeners, _):
        path = listeners.pages.getsockname()
        listeners.rest_pages()
        listeners.rest_pages()
        for _ in range(3):
            reader, writer = await asyncio.open_unix_connection(path)
            async with asyncio.timeout(20):
                assert await reader.read() == b""
            writer.close()
        listeners.resume_pages()
        with socket.socket(socket.AF_UNIX) as waits:
            waits.connect(path)
            await asyncio.sleep(0.05)
            waits.setblocking(False)
            with pytest.raises(BlockingIOError):
                waits.recv(1)
