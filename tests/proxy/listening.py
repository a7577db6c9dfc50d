"""A lane with one listener of any kind, in front of an app that says whom it was asked by."""

from __future__ import annotations

import asyncio
import functools
import inspect
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop

from gateway.config.settings import Limits, ListenAddress
from gateway.core.heads import Networks
from gateway.proxy.server import Lane
from tests.proxy.lane_kit import OK, Bench, Browser, RawApp, ScriptedGate, app, forward


def on_both_loops(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that runs on asyncio's own loop and on uvloop, whose transports are quite different things."""

    @functools.wraps(test)
    def run(*, loop: Callable[[Coroutine[Any, Any, None]], None], **arguments: Any) -> None:
        loop(test(**arguments))

    asked = list(inspect.signature(test).parameters.values())
    parameter = inspect.Parameter("loop", inspect.Parameter.KEYWORD_ONLY)
    run.__signature__ = inspect.Signature([*asked, parameter])  # type: ignore[attr-defined]
    both: Callable[..., None] = pytest.mark.parametrize("loop", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])(
        run
    )
    return both


class Listening(Bench):
    """The lane, and browsers that come by TLS or behind a PROXY header."""

    async def browser(
        self, tls: ssl.SSLContext | None = None, name: str = "a.example", *, first: bytes = b""
    ) -> Browser:
        """A new connection. `first`: what is sent on it before anything else, TLS included."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        if first:
            writer.write(first)
        if tls is not None:
            async with asyncio.timeout(5):
                await writer.start_tls(tls, server_hostname=name)
        browser = Browser(reader, writer)
        self._browsers.append(browser)
        return browser

    @property
    def peers(self) -> list[str]:
        """Whom the app was told of."""
        lines = [line for head in self.app.heads for line in head.split(b"\r\n")]
        return [line[17:].decode() for line in lines if line.lower().startswith(b"x-forwarded-for: ")]


@asynccontextmanager
async def listening(
    entry: ListenAddress,
    limits: Limits | None = None,
    behind: RawApp | None = None,
    uncounted: Networks = (),
) -> AsyncIterator[Listening]:
    """Start both, stop both."""
    behind = behind or app(OK)
    gate = ScriptedGate(forward)
    lane = Lane(gate, {"app": ("127.0.0.1", await behind.start())}, limits or Limits(), uncounted=uncounted)
    try:
        (port,) = await lane.start((entry,))
        made = Listening(lane, gate, behind, port)
        try:
            yield made
        finally:
            made.hang_up()
    finally:
        await lane.close()
        await behind.stop()
