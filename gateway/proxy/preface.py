"""The PROXY header before a connection's first byte: only listed balancers may connect, and none without one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import cast

from gateway.core.heads import Networks, is_trusted
from gateway.core.proxy_protocol import ProxyHeaderRefused, read
from gateway.proxy.actions import Peer, peer_of
from gateway.proxy.shared import Shared

_log = logging.getLogger("sekisho.lane")
Admit = Callable[[asyncio.Transport, Peer, bytes], None]


class Preface(asyncio.Protocol):
    """Reads one header, then gives the connection to `admit` with the bytes behind it."""

    __slots__ = ("_admit", "_data", "_peer", "_proxies", "_shared", "_timer", "_transport")

    def __init__(self, shared: Shared, proxies: Networks, admit: Admit) -> None:
        self._shared = shared
        self._proxies = proxies
        self._admit = admit
        self._data = b""
        self._peer = Peer("", 0, "http")
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None  # its own: it may outlive its lane, which hands it on

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected: is it a balancer?"""
        transport = cast("asyncio.Transport", transport)  # uvloop's is none of its classes
        self._peer = peer_of(transport)
        if not is_trusted(self._peer.address, self._proxies):
            _log.warning("%s is not listed in proxy_protocol: its connection is closed", self._peer.address)
            transport.abort()
            return
        self._transport = transport
        self._shared.clients.arrive("")
        self._timer = asyncio.get_running_loop().call_later(self._shared.limits.head_seconds, self._too_slow)

    def data_received(self, data: bytes) -> None:
        """Some of the header, or all of it and more."""
        transport = self._transport
        if transport is None:
            return
        self._data += data
        try:
            header = read(self._data)
        except ProxyHeaderRefused as refused:
            _log.warning("%s sends no PROXY header that can be taken: %s", self._peer.address, refused)
            self._leave()
            transport.abort()
            return
        if header is not None:
            self._leave()
            peer = Peer(header.address, header.port, self._peer.scheme) if header.address else self._peer
            self._admit(transport, peer, self._data[header.size :])

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """It has gone without a header."""
        self._leave()

    def _too_slow(self) -> None:
        transport = self._transport
        self._leave()
        if transport is not None:
            _log.warning("%s sends no PROXY header in time", self._peer.address)
            transport.abort()

    def _leave(self) -> None:
        if self._transport is not None:
            self._transport = None
            self._shared.clients.arrived("")
        if self._timer is not None:
            self._timer.cancel()
