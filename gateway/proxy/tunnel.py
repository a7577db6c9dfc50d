"""A WebSocket after its handshake: bytes both ways, under watch.

    browser ◄─► End ◄───────► End ◄─► app
                  └─ Tunnel ─┘
                       └─ asked twice a second: may this still be open?   no ─► both ends close

What was judged at the handshake is judged again while the tunnel lives: a sign-out, a reset, a date or a tenant's new
setting ends it within a second (A10). A gate that cannot say so closes it, too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

WATCH_SECONDS: Final = 0.5
_AT_ONCE: Final = 200  # tunnels asked about before others on the loop get their turn

Still = Callable[[bool], Awaitable[bool]]
_log = logging.getLogger("sekisho.lane")


class _End(asyncio.Protocol):
    """One of the two connections; it takes the place of the protocol that spoke HTTP on it."""

    __slots__ = ("_transport", "_tunnel", "heard", "other")

    def __init__(self, tunnel: Tunnel, transport: asyncio.Transport) -> None:
        self._tunnel = tunnel
        self._transport = transport
        self.other: _End
        self.heard = False

    def data_received(self, data: bytes) -> None:
        """For the other side."""
        self.heard = True
        self.other.send(data)

    def send(self, data: bytes) -> None:
        """From the other side."""
        self._transport.write(data)

    def pause_writing(self) -> None:
        """This side reads slowly: so do we on the other."""
        self.other.listen(listening=False)

    def resume_writing(self) -> None:
        """This side takes more."""
        self.other.listen(listening=True)

    def listen(self, *, listening: bool) -> None:
        """Read on, or let the kernel's buffer fill up."""
        if self._transport.is_closing():
            return
        if listening:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def take_over(self, *, paused: bool) -> None:
        """From here on the transport's events come to this end. `paused`: its send buffer is full at this moment."""
        self._transport.set_protocol(self)
        if paused:
            self.pause_writing()
        self.listen(listening=True)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Closed, by whomever."""
        self._tunnel.close()

    def close(self) -> None:
        """Close after what is still on its way."""
        self._transport.close()

    def abort(self) -> None:
        """Close now."""
        self._transport.abort()


class Tunnel:
    """Carries bytes between a browser and an app until one of them, or the gate, has had enough."""

    __slots__ = ("_app", "_browser", "_still", "_tunnels")

    def __init__(self, browser: asyncio.Transport, app: asyncio.Transport, still: Still, tunnels: set[Tunnel]) -> None:
        """`still` is told whether the browser has said something since it was asked last."""
        self._browser = _End(self, browser)
        self._app = _End(self, app)
        self._browser.other, self._app.other = self._app, self._browser
        self._still = still
        self._tunnels = tunnels

    def open(self, from_browser: bytes, from_app: bytes, *, browser_slow: bool) -> None:
        """Take both connections over, with the bytes that came behind each side's head."""
        self._tunnels.add(self)
        if from_app:
            self._browser.send(from_app)
        if from_browser:
            self._app.send(from_browser)
        self._app.take_over(paused=False)
        self._browser.take_over(paused=browser_slow)

    def close(self) -> None:
        """End it on both sides."""
        self._tunnels.discard(self)
        self._browser.close()
        self._app.close()

    def abort(self) -> None:
        """End it on both sides at once."""
        self._tunnels.discard(self)
        self._browser.abort()
        self._app.abort()

    async def ask(self) -> None:
        """End it unless the gate says that it may stay."""
        heard, self._browser.heard = self._browser.heard, False
        try:
            stays = await self._still(heard)
        except Exception:  # noqa: BLE001 - a fault in the gate must end in a refusal, whatever it is
            _log.exception("the gate failed on a tunnel")
            stays = False
        if not stays:
            self.abort()


async def watch(tunnels: set[Tunnel]) -> None:
    """Ask about every open tunnel again and again, until cancelled."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        for number, tunnel in enumerate(tuple(tunnels), 1):
            await tunnel.ask()
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
