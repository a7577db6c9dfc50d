"""TLS on a connection that is accepted already: by the loop's own means, behind bytes that were read before."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import cast


class Handshake(asyncio.Protocol):
    """Stands on the connection at once, until TLS and then a client do: what comes meanwhile is kept."""

    __slots__ = ("_pieces", "_transport")

    def __init__(self, transport: asyncio.Transport, read: bytes) -> None:
        """`read`: what was taken from the connection already."""
        self._transport = transport
        self._pieces = [read]
        transport.set_protocol(self)

    def data_received(self, data: bytes) -> None:
        """The browser's first message; later the beginning of a request behind its last."""
        self._pieces.append(data)

    async def shake(self, context: ssl.SSLContext, seconds: float) -> tuple[asyncio.Transport, bytes] | None:
        """The encrypted connection and what has come on it, or None. `seconds`: how long it may take."""
        loop, transport = asyncio.get_running_loop(), self._transport
        transport.pause_reading()
        read, self._pieces = b"".join(self._pieces), []
        if transport.is_closing():
            return None
        shaking = loop.create_task(
            loop.start_tls(transport, self, context, server_side=True, ssl_handshake_timeout=seconds)
        )
        if read:
            # The task puts TLS on the connection and lets it read again, both in the loop's next round; in that round
            # and before anything else is read, what was read before is handed to it.
            loop.call_soon(loop.call_soon, _hand_in, transport, read)
        with contextlib.suppress(OSError):  # ssl.SSLError too: no TLS, no common version, gone, too slow
            encrypted = await shaking
            if encrypted is not None:
                return encrypted, b"".join(self._pieces)
        transport.abort()
        return None


def _hand_in(transport: asyncio.Transport, data: bytes) -> None:
    """What the connection would have given to TLS."""
    reader = cast("asyncio.BufferedProtocol", transport.get_protocol())  # uvloop's is none of its classes
    while data:
        buffer = memoryview(reader.get_buffer(len(data)))
        size = min(len(buffer), len(data))
        buffer[:size] = data[:size]
        reader.buffer_updated(size)
        data = data[size:]
