"""The sockets of workers that share an address."""

from __future__ import annotations

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
    """How many wait in its queue."""
    listener.setblocking(False)
    count = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            count += 1
    return count


def test_a_worker_at_rest_gets_no_connections_until_somebody_listens_there_again() -> None:
    with listening(2) as (listeners, addresses), contextlib.ExitStack() as stack:
        (first,), (second,) = (listeners.of(number, addresses) for number in (1, 2))
        waited = [stack.enter_context(one) for one in connected(addresses[0])]
        listeners.rest(2)
        listeners.rest(2)
        before = arrived(first)
        assert 0 < before < MANY
        cut_off = 0
        for one in waited:
            with contextlib.suppress(ConnectionResetError):
                assert one.recv(1) == b"", "the first has closed it"
                continue
            cut_off += 1
        assert cut_off == MANY - before, "nobody waits where nobody comes"
        for one in connected(addresses[0]):
            stack.enter_context(one)
        assert arrived(first) == MANY
        with second.dup() as copy:
            copy.listen()
            for one in connected(addresses[0]):
                stack.enter_context(one)
            assert 0 < arrived(copy) < MANY
            assert arrived(first) > 0


def test_when_all_rest_connections_are_refused() -> None:
    with listening(2) as (listeners, addresses):
        for number in (1, 2):
            listeners.rest(number)
        with pytest.raises(ConnectionRefusedError):
            connected(addresses[0])
