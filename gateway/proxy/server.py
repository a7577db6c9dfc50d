"""The lane: listens for browsers, owns the pools and the timer. One per process; knows no store and no page.

lane = Lane(gate, {"demo": ("127.0.0.1", 9001), ".pages": "/run/sekisho/pages.sock"}, limits)
await lane.start((ListenAddress("127.0.0.1", 8080),))   …   await lane.drain(30.0); await lane.close()

Pools, timer and connections are its own: two lanes in one process share nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence

from gateway.config.settings import Limits, ListenAddress
from gateway.core.heads import Networks
from gateway.proxy.actions import Gate, Peer, Shortcut
from gateway.proxy.arrivals import Arrivals
from gateway.proxy.crowd import Crowd
from gateway.proxy.fetch import Fetcher
from gateway.proxy.listeners import Listeners
from gateway.proxy.open_files import room
from gateway.proxy.overload import Overload
from gateway.proxy.pool import Address
from gateway.proxy.shared import GuardedGate, Shared
from gateway.proxy.sweep import Sweep
from gateway.proxy.tunnel import watch
from gateway.proxy.turning import Surplus
from gateway.proxy.upstreams import Place, addresses, supply

_POLL_SECONDS = 0.02
_LAST_ROUNDS = 3  # of the loop, in which those arrive who were accepted right before the end


class Lane:
    """Carries requests between browsers and apps as the gate says. Made inside a running loop."""

    def __init__(
        self,
        gate: Gate,
        upstreams: Mapping[str, Address | Place],
        limits: Limits,
        clock: Callable[[], float] | None = None,
        *,
        tls: Mapping[str, ssl.SSLContext] | None = None,
        uncounted: Networks = (),
        surplus: Surplus | None = None,
        shortcut: Shortcut | None = None,
    ) -> None:
        """`shortcut`: asked first, where one whole request has come in one piece. `surplus`: how requests are turned
        away when there are too many; None: none is."""
        smallest = min(
            limits.head_seconds, limits.body_idle_seconds, limits.idle_seconds, limits.answer_seconds,
            limits.answer_idle_seconds,
        )  # fmt: skip
        self._sweep = Sweep(clock or asyncio.get_running_loop().time, min(1.0, smallest / 4))
        contexts = tls or {}
        arrivals = Arrivals()
        self.pools = {
            name: supply(name, where, limits, self._sweep, arrivals, contexts.get(name))
            for name, where in upstreams.items()
        }
        most = limits.connections or room(limits.pool_size * sum(map(addresses, upstreams.values())))
        clients = Crowd(most, limits.connections_per_address, uncounted)
        self.fetcher = Fetcher(self.pools, limits.answer_seconds)
        self._shared = Shared(
            GuardedGate(gate), self.pools, limits, self._sweep, clients, set(), shortcut or _none, arrivals
        )
        self._listeners = Listeners(self._shared)
        target = limits.overload_seconds
        self._overload = Overload(self._shared, gate, surplus, target) if surplus is not None and target else None
        self._watching: asyncio.Task[None] | None = None

    async def start(
        self,
        listen: Sequence[ListenAddress] = (),
        *,
        sockets: Sequence[socket.socket] = (),
        reuse_port: bool = False,
    ) -> tuple[int, ...]:
        """Listen; gives the ports. `sockets` are bound to the addresses already; `reuse_port`: several workers share an
        address. Raises PairRefused, OSError."""
        loop = asyncio.get_running_loop()
        self._sweep.start()
        self._watching = loop.create_task(watch(self._shared.tunnels))
        if self._overload is not None:
            self._overload.start()
        return await self._listeners.open(listen, sockets, reuse_port=reuse_port)

    @property
    def connections(self) -> int:
        """Browser connections that are open."""
        return len(self._shared.clients)

    async def drain(self, seconds: float, *, idle_seconds: float | None = None) -> None:
        """Take no new connections, finish what is under way, for at most `seconds`. Each connection's next answer says
        that it is the last; one without a request stays for `idle_seconds` (None: as long as ever, tunnels too)."""
        shared = self._shared
        shared.draining = True
        if idle_seconds is not None:
            shared.idle_seconds = min(shared.idle_seconds, idle_seconds)
            self._close_tunnels()
        await self._empty(seconds)

    async def retire(self, successor: Lane, seconds: float) -> None:
        """Hand every connection over to another lane in this process, between two requests; no browser notices. What
        is under way is finished here, for at most `seconds`; tunnels are closed, since nobody would judge them anew."""
        self._shared.successor = successor._shared
        self._close_tunnels()
        await self._empty(seconds)

    def _close_tunnels(self) -> None:
        for tunnel in tuple(self._shared.tunnels):
            tunnel.close()

    async def _empty(self, seconds: float) -> None:
        shared = self._shared
        self._listeners.close()
        for client in tuple(shared.clients):
            client.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while shared.clients or shared.tunnels or shared.tasks:  # noqa: ASYNC110 - sets that many places empty
                    await asyncio.sleep(_POLL_SECONDS)

    async def close(self) -> None:
        """Cut off what is left."""
        shared = self._shared
        shared.draining = True
        self._listeners.close()
        self._sweep.stop()
        if self._overload is not None:
            self._overload.stop()
        if self._watching is not None:
            self._watching.cancel()
        for tunnel in tuple(shared.tunnels):
            tunnel.abort()
        for client in tuple(shared.clients):
            client.abort()
        for pool in self.pools.values():
            pool.close()
        shared.arrivals.close()
        if shared.tasks:
            await asyncio.wait(tuple(shared.tasks), timeout=1.0)
        for task in tuple(shared.tasks):
            task.cancel()
        for _ in range(_LAST_ROUNDS):
            await asyncio.sleep(0)
            for client in tuple(shared.clients):
                client.abort()


def _none(data: bytes, peer: Peer) -> None:
    """A gate without short ways."""
