"""Composition root: the only place that names concrete stores and reads the clock.

configuration ─► keys · session store · registry           opened once
              ─► generation: gate, lane, portal, directory  anew for every configuration
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from gateway.config.settings import Configuration, ListenAddress
from gateway.core.errors import GatewayError, SealBroken, StoreUnavailable
from gateway.core.session import Session
from gateway.core.subject import Kind
from gateway.ended_sessions import SessionEnder
from gateway.generation import Generation, Ground
from gateway.stores.base import SessionStore
from gateway.stores.memory import MemorySessions
from gateway.stores.registry import SqlRegistry
from gateway.stores.sealing import KeyRing
from gateway.stores.sessions import Sessions

DRAIN_SECONDS = 10.0
BACKLOG = 1024
Clock = Callable[[], float]


class KeysMismatch(GatewayError):
    """The key file is missing, broken, or not the one that sealed what the registry holds."""


class RestartNeeded(GatewayError):
    """A new configuration changes what is opened only once; `keys` names it."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        super().__init__(f"restart the gateway for a new {', '.join(keys)}")
        self.keys = keys


class Running:
    """A gateway that answers. `ports`: where it listens, in the order of `listen`."""

    def __init__(self, foundation: _Foundation, sockets: tuple[socket.socket, ...], stack: AsyncExitStack) -> None:
        self._foundation = foundation
        self._sockets = sockets
        self._stack = stack
        self._generation: Generation | None = None
        self._retiring: set[asyncio.Task[None]] = set()
        self.ports: tuple[int, ...] = tuple(bound.getsockname()[1] for bound in sockets)
        self.sessions = foundation.sessions
        self.registry = foundation.registry

    @property
    def port(self) -> int:
        """The first port."""
        return self.ports[0]

    async def begin(self, configuration: Configuration) -> None:
        """Serve under this configuration from the next connection on; what is under way ends under the old one.

        Raises before anything has changed.
        """
        generation = Generation(self._foundation.ground, configuration)
        try:
            await generation.open(self._sockets)
        except BaseException:
            await generation.close(0.0)
            raise
        self._foundation.follow(configuration)
        before, self._generation = self._generation, generation
        if before is not None:
            task = asyncio.create_task(before.close(DRAIN_SECONDS))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    async def reload(self, configuration: Configuration) -> None:
        """Take a new configuration without losing a request or a session. Raises RestartNeeded."""
        keys = self._foundation.differs(configuration)
        if keys:
            raise RestartNeeded(keys)
        await self.begin(configuration)

    async def close(self, drain: float = 0.0) -> None:
        """Finish what is under way for at most `drain` seconds, then end everything."""
        if self._generation is not None:
            await self._generation.close(drain)
        if self._retiring:
            await asyncio.wait(tuple(self._retiring), timeout=drain + 1.0)
        await self._stack.aclose()


class _Foundation:
    """What is opened once and outlives every configuration: keys, session store, registry."""

    def __init__(self, configuration: Configuration, clock: Clock, stack: AsyncExitStack) -> None:
        self._opened_for = configuration
        self._policy = configuration.policy
        self.keys = _key_ring(configuration.keys_file)
        store = _session_store(configuration.stores.sessions, clock)
        stack.push_async_callback(store.close)
        self.sessions = Sessions(store, self.keys, clock, self._absolute_seconds)
        self.registry = SqlRegistry(configuration.stores.registry, self.keys)
        stack.push_async_callback(self.registry.close)
        limits = (self._policy.office_limits, self._policy.establishment_limits)
        self.ender = SessionEnder(
            self.registry,
            self.sessions,
            clock,
            shared=configuration.stores.sessions != "memory",
            keep_seconds=max(limit.absolute_seconds for limit in limits),
        )
        self.ground = Ground(self.keys, self.sessions, self.registry, clock, time.monotonic, self.ender.end)

    async def open(self) -> None:
        """Reach the registry. Raises StoreUnavailable, KeysMismatch."""
        await self.registry.start()
        await _check_keys(self.registry, self.keys, self._opened_for.keys_file)
        await self.ender.begin()

    def follow(self, configuration: Configuration) -> None:
        """New sessions live as long as the newest configuration says."""
        self._policy = configuration.policy

    def differs(self, configuration: Configuration) -> tuple[str, ...]:
        """Settings that only a restart changes, by their names in the file."""
        old = self._opened_for
        pairs = {
            "listen": (old.listen, configuration.listen),
            "public_url": (old.public, configuration.public),
            "keys": (old.keys_file, configuration.keys_file),
            "stores": (old.stores, configuration.stores),
        }
        return tuple(name for name, (before, after) in pairs.items() if before != after)

    def _absolute_seconds(self, session: Session) -> float:
        establishment = session.subject.kind is Kind.ESTABLISHMENT
        limits = self._policy.establishment_limits if establishment else self._policy.office_limits
        return limits.absolute_seconds


async def start(configuration: Configuration, *, clock: Clock = time.time) -> Running:
    """Open everything and listen. Raises StoreUnavailable, KeysMismatch, OSError; then nothing is left open."""
    stack = AsyncExitStack()
    try:
        foundation = _Foundation(configuration, clock, stack)
        await foundation.open()
        stack.push_async_callback(_ended, asyncio.create_task(foundation.ender.watch()))
        sockets = tuple(_listening(address, stack) for address in configuration.listen)
        running = Running(foundation, sockets, stack)
        await running.begin(configuration)
    except BaseException:
        await stack.aclose()
        raise
    return running


@asynccontextmanager
async def opened_registry(configuration: Configuration) -> AsyncIterator[SqlRegistry]:
    """The registry for a command beside a gateway that may be running. An embedded one that is not there is not made.

    Raises StoreUnavailable, SchemaMismatch, KeysMismatch.
    """
    _refuse_missing(configuration.stores.registry)
    keys = _key_ring(configuration.keys_file)
    registry = SqlRegistry(configuration.stores.registry, keys)
    try:
        await registry.start()
        await _check_keys(registry, keys, configuration.keys_file)
        yield registry
    finally:
        await registry.close()


def _refuse_missing(url: str) -> None:
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not path.is_file():
        raise StoreUnavailable("registry", f"there is no file {path}")


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait((task,))


def _listening(address: ListenAddress, stack: AsyncExitStack) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    bound = socket.create_server((address.host, address.port), family=family, backlog=BACKLOG)
    bound.setblocking(False)
    stack.callback(bound.close)
    return bound


def _session_store(url: str, clock: Clock) -> SessionStore:
    if url == "memory":
        return MemorySessions(clock)
    from gateway.stores.redis import RedisSessions

    return RedisSessions(url, clock)


def _key_ring(path: Path) -> KeyRing:
    try:
        return KeyRing.from_file(path)
    except FileNotFoundError:
        raise KeysMismatch(f"There is no key file {path}. Make it once: sekisho keys init FILE") from None
    except (OSError, ValueError) as fault:
        raise KeysMismatch(f"The key file {path} can't be used: {fault}") from fault


async def _check_keys(registry: SqlRegistry, keys: KeyRing, path: Path) -> None:
    """With another key every second factor would be lost without a word: better not to start."""
    noted = await registry.note_fingerprint(keys.fingerprint())
    if not keys.holds(noted):
        raise KeysMismatch(
            f"{path} does not hold the key {noted} that sealed the registry's second factors. Put that key file back."
        )
    try:
        await registry.prepare_chain()
    except SealBroken as fault:
        raise KeysMismatch(f"The registry's audit record can't be continued with {path}: {fault}.") from fault
