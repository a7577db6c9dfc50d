"""The least speed of browsers: a byte now and then holds no connection for ever, and a slow line loses no download.

What has really arrived at either end is counted by the kernel; nothing is counted here while bytes flow.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.config.settings import Limits
from gateway.proxy.sweep import NEVER, Sweep

if TYPE_CHECKING:
    from gateway.proxy.wire import Wire

_COUNTERS = struct.Struct("=QQ")  # tcpi_bytes_acked and tcpi_bytes_received of Linux's struct tcp_info
_OFFSET = 120


@dataclass(frozen=True, slots=True)
class Pace:
    """How many bytes had moved at a moment of the sweep's clock. `up`: the browser's; else those that it took."""

    up: bool
    count: int
    at: float


class Paces:
    """Looks at uploads now and then; is asked about slow readers when they have paused for long."""

    def __init__(self, clients: Iterable[Wire], sweep: Sweep, limits: Limits) -> None:
        self._clients = clients
        self._sweep = sweep
        self._rate = limits.least_rate
        self._seconds = limits.body_idle_seconds
        self.deadline = sweep.after(self._seconds / 4) if self._rate else NEVER

    def on_deadline(self) -> None:
        """Cut off uploads that creep."""
        self.deadline = self._sweep.after(self._seconds / 4)
        for client in [client for client in self._clients if self._creeps(client)]:
            client.on_deadline()

    def reads_on(self, client: Wire) -> bool:
        """Whether a browser still takes what it was sent, be it slowly. Right at first: there is nothing to compare."""
        transport = client.transport
        if transport is None or not transport.get_write_buffer_size():
            return False
        count = _moved(transport, up=False)
        if count is None:
            return False
        pace, client.pace = client.pace, Pace(up=False, count=count, at=self._sweep.now)
        return pace is None or pace.up or self._fast_enough(pace, count)

    def _creeps(self, client: Wire) -> bool:
        pace = client.pace
        if not client.uploading:
            if pace is not None and pace.up:
                client.pace = None
            return False
        if pace is not None and pace.up and self._sweep.now - pace.at < self._seconds:
            return False
        transport = client.transport
        count = None if transport is None else _moved(transport, up=True)
        if count is None:
            return False
        client.pace = Pace(up=True, count=count, at=self._sweep.now)
        return pace is not None and pace.up and not self._fast_enough(pace, count)

    def _fast_enough(self, pace: Pace, count: int) -> bool:
        moved = count - pace.count
        return moved > 0 and moved >= self._rate * (self._sweep.now - pace.at)


def _moved(transport: asyncio.Transport, *, up: bool) -> int | None:
    """Bytes since the connection began that the browser has sent, or has acknowledged. None: nobody counts them."""
    connection = transport.get_extra_info("socket")
    if connection is None:
        return None
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _OFFSET + _COUNTERS.size)
    except OSError:
        return None
    if len(info) < _OFFSET + _COUNTERS.size:
        return None
    acknowledged, received = _COUNTERS.unpack_from(info, _OFFSET)
    return int(received if up else acknowledged)
