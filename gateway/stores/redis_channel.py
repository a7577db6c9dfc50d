"""The channel on which Redis tells what changed, followed for as long as the store is open.

A cluster's servers pass on what is told to one of them, but only each server's own line says for certain that nothing
of its own is missing: so the channel is followed at every primary, and what is known counts while all of them answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from gateway.core.errors import StoreUnavailable
from gateway.stores.freshness import GONE, FreshRows
from gateway.stores.redis_node import Node, Servers
from gateway.stores.redis_scripts import CHANNEL

if TYPE_CHECKING:
    from redis.asyncio.client import PubSub

_PING_SECONDS = 0.3
_SILENCE_SECONDS = 2.0  # without an answer to a ping: the connection is given up
_PAUSE_SECONDS = 0.2
_LOOK_SECONDS = 1.0  # between two looks whether other servers have become primaries
_DIGITS = 10  # of a version: a row keeps it in four bytes
_NEVER = float("-inf")


class Channel:
    """Follows changes into FreshRows; when a line is lost, everything known is forgotten."""

    def __init__(self, servers: Servers, rows: FreshRows, monotonic: Callable[[], float]) -> None:
        self._servers = servers
        self._rows = rows
        self._monotonic = monotonic
        self._lines: dict[Node, _Line] = {}
        self._left: list[_Line] = []  # of servers that are no primaries any more
        self._task: asyncio.Task[None] | None = None

    def follow(self) -> None:
        """Begin to listen, unless it listens already."""
        if self._task is None:
            self._task = asyncio.create_task(self._watch(), name="session changes")

    async def close(self) -> None:
        """Stop listening."""
        tasks = [line.task for line in (*self._lines.values(), *self._left)]
        tasks += [] if self._task is None else [self._task]
        while waiting := [task for task in tasks if not task.done()]:
            for task in waiting:
                task.cancel()  # again if a timeout inside the client took the first one for its own
            await asyncio.wait(waiting, timeout=0.5)

    def certain(self) -> None:
        """A line has answered: every change before the oldest of the lines' answers has been told."""
        lines = self._lines.values()
        self._rows.certain(min((line.certain_at for line in lines), default=_NEVER))

    async def _watch(self) -> None:
        """One line to each primary; they change when a cluster grows or another server takes over."""
        look_at = self._monotonic() + _LOOK_SECONDS
        while not cancelled():
            if self._monotonic() >= look_at:
                with contextlib.suppress(StoreUnavailable):
                    await self._servers.refresh()
                look_at = self._monotonic() + _LOOK_SECONDS
            nodes = set(self._servers.nodes())
            for node in self._lines.keys() - nodes:
                self._left.append(self._lines.pop(node))
            for node in nodes - self._lines.keys():
                self._lines[node] = _Line(node, self, self._rows, self._monotonic)
            self._left = [line for line in self._left if not line.ended()]
            await asyncio.sleep(_PAUSE_SECONDS)


class _Line:
    """One server's channel."""

    def __init__(self, node: Node, channel: Channel, rows: FreshRows, monotonic: Callable[[], float]) -> None:
        self._node = node
        self._channel = channel
        self._rows = rows
        self._monotonic = monotonic
        self._pings: deque[float] = deque()
        self.certain_at = _NEVER
        self.task = asyncio.create_task(self._listen(), name="session changes of one server")

    def ended(self) -> bool:
        """Whether it has ended, which it is asked to."""
        self.task.cancel()
        return self.task.done()

    async def _listen(self) -> None:
        while not cancelled():
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await self._subscribed()
            if self.certain_at > _NEVER:
                self._lost()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _subscribed(self) -> None:
        self._pings.clear()
        async with self._node.listener.pubsub() as pubsub:
            await pubsub.subscribe(CHANNEL)
            ping_at = self._monotonic()
            while not cancelled():
                now = self._monotonic()
                if now >= ping_at:
                    await self._ping(pubsub, now)
                    ping_at = now + _PING_SECONDS
                message = await pubsub.get_message(timeout=max(ping_at - now, 0.01))
                if message is not None:
                    self._told(message["type"], message["data"])
                    for kind, data in _come_along(pubsub):
                        self._told(kind, data)

    async def _ping(self, pubsub: PubSub, now: float) -> None:
        if self._pings and now - self._pings[0] > _SILENCE_SECONDS:
            raise RedisConnectionError("the channel is silent")
        self._pings.append(now)
        await pubsub.ping()

    def _told(self, kind: str, data: bytes) -> None:
        match kind:
            case "subscribe":
                self._rows.forget_all()  # what was read before this moment may have changed untold
            case "pong":
                self.certain_at = self._pings.popleft()
                self._channel.certain()
            case "message":
                version, _, name = data.partition(b":")
                if version == b"-1" or (version.isdigit() and len(version) <= _DIGITS):
                    self._rows.told(name, GONE if version == b"-1" else int(version))
                else:  # nothing of ours
                    self._rows.forget_all()

    def _lost(self) -> None:
        self.certain_at = _NEVER
        self._rows.forget_all()


def _come_along(pubsub: PubSub) -> Iterator[tuple[str, bytes]]:
    """What was received together with a message: its kind and data, out of the client's parser as it is.

    Message by message the client takes some 30 µs for each, and every worker is told of everybody's changes.
    """
    reader = getattr(getattr(pubsub.connection, "_parser", None), "_reader", None)
    if reader is None:  # another parser than hiredis: message by message, then
        return
    while isinstance(message := reader.gets(), list):
        yield message[0].decode(), message[-1]
    if isinstance(message, Exception):
        raise RedisConnectionError(f"the channel failed: {message}")


def cancelled() -> bool:
    """Whether this task was asked to end. The client's own timeouts and clean-up can swallow the request itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
