"""A connection that goes from one exchange straight to the next that waits."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from gateway.config.settings import Limits
from tests.proxy.lane_kit import app, bench, get

ONE = replace(Limits(), pool_size=1)


def own_target(head: bytes, body: bytes) -> bytes:
    """The whole answer in one write: the target that was asked for."""
    target = head.split(b" ")[1]
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(target), target)


async def test_who_waits_for_the_only_connection_is_answered_too() -> None:
    """Each with their own answer: the connection is handed on while the first answer is still being reported."""
    async with bench(app(own_target), limits=ONE) as made:
        browsers = [await made.browser() for _ in range(5)]
        answers = await asyncio.gather(*(browser.ask(get(f"/{n}")) for n, browser in enumerate(browsers)))
        assert [body for _, body in answers] == [f"/{n}".encode() for n in range(5)]
        assert all(head.startswith(b"HTTP/1.1 200 ") for head, _ in answers)
        assert made.app.connections == 1
