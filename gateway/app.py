"""Composition root: the only place that names concrete stores and reads the clock.

configuration ─► keys · session store · registry           opened once
              ─► generation: gate, lane, portal, directory  anew for every configuration
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from gateway.config.certificates import expiring
from gateway.config.changes import opened_once
from gateway.config.settings import Configuration, ListenAddress, Stores
from gateway.core.errors import GatewayError, SealBroken, StoreUnavailable
from gateway.core.policy import SessionLimits
from gateway.core.session import Session
from gateway.core.subject import Kind
from gateway.ended_sessions import SessionEnder
from gateway.generation import Generation, Ground
from gateway.part import WHOLE, Part
from gateway.stores.base import SessionStore
from gateway.stores.beside import Beside
from gateway.stores.memory import MemorySessions
from gateway.stores.outage import Outage
from gateway.stores.registry import SqlRegistry
from gateway.stores.revision_reader import RevisionReader
from gateway.stores.revisions import Revisions
from gateway.stores.sealing import KeyRing
from gateway.stores.sessions import Sessions

RETIRE_SECONDS = 3600.0  # for what is under way in a generation that another one has followed
BACKLOG = 1024
Clock = Callable[[], float]
_log = logging.getLogger(__name__)


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
        self._retiring: dict[asyncio.Task[None], Generation] = {}
        self.ports: tuple[int, ...] = tuple(bound.getsockname()[1] for bound in sockets)
        self.sessions = foundation.sessions
        self.registry = foundation.registry

    @property
    def port(self) -> int:
        """The first port."""
        return self.ports[0]

    async def begin(self, configuration: Configuration) -> None:
        """Serve under this configuration from the next connection on; what is under way ends under the old one.

        Connections go over to it between two requests. Raises before anything has changed.
        """
        generation = Generation(self._foundation.ground, configuration)
        try:
            await generation.open(self._sockets)
        except BaseException:
            await generation.close()
            raise
        self._foundation.follow(configuration)
        before, self._generation = self._generation, generation
        if before is not None:
            task = asyncio.create_task(before.retire(generation, RETIRE_SECONDS))
            self._retiring[task] = before
            task.add_done_callback(self._retiring.pop)

    async def reload(self, configuration: Configuration) -> None:
        """Take a new configuration without losing a request or a session. Raises RestartNeeded."""
        keys = opened_once(self._foundation.opened_for, configuration)
        if keys:
            raise RestartNeeded(keys)
        await self.begin(configuration)

    async def drain(self, seconds: float, idle_seconds: float | None = None) -> None:
        """Take no new connections and finish what is under way, for at most `seconds`. A connection without a request
        stays for `idle_seconds`, since one may be on its way. A second call may shorten the first."""
        generations = [*self._retiring.values(), *([self._generation] if self._generation is not None else [])]
        await asyncio.gather(*(one.drain(seconds, idle_seconds) for one in generations))

    async def close(self) -> None:
        """End everything at once."""
        for task in tuple(self._retiring):
            task.cancel()
        for generation in (self._generation, *tuple(self._retiring.values())):
            if generation is not None:
                await generation.close()
        await self._stack.aclose()


class _Foundation:
    """What is opened once and outlives every configuration: keys, session store, registry."""

    def __init__(self, configuration: Configuration, clock: Clock, stack: AsyncExitStack, part: Part) -> None:
        self.opened_for = configuration
        self._policy = configuration.policy
        self.keys = _key_ring(configuration.keys_file)
        self._store = store = _session_store(configuration.stores, clock)
        stack.push_async_callback(store.close)
        self.sessions = Sessions(
            store,
            self.keys,
            clock,
            self._absolute_seconds,
            idle_seconds=lambda session: self._limits(session).idle_seconds,
            known=configuration.stores.cached_sessions,
        )
        outage = Outage("registry")
        self.registry = SqlRegistry(configuration.stores.registry, self.keys, outage)
        stack.push_async_callback(self.registry.close)
        beside, reader = Beside("revisions"), RevisionReader(configuration.stores.registry, outage)
        stack.push_async_callback(beside.close, reader.close)
        limits = (self._policy.office_limits, self._policy.establishment_limits)
        self.ender = SessionEnder(
            self.registry,
            self.sessions,
            clock,
            shared=configuration.stores.sessions != "memory",
            keep_seconds=max(limit.absolute_seconds for limit in limits),
        )
        revisions = Revisions(reader, time.monotonic, beside.start)
        self.ground = Ground(
            self.keys, self.sessions, self.registry, revisions, clock, time.monotonic, self.ender.end, part
        )

    async def open(self, stack: AsyncExitStack) -> None:
        """Reach the registry. One process alone migrates an embedded one and follows resets: that with the pages.
        A session store that is away is told in the log alone: it may come back, and public pages need none.

        Raises StoreUnavailable, SchemaMismatch, KeysMismatch.
        """
        await self.registry.start(migrate=self.ground.part.pages)
        await _check_keys(self.registry, self.keys, self.opened_for.keys_file)
        try:
            await self._store.get(b"whether it answers")
        except StoreUnavailable as fault:
            _log.error("%s; until it does, people see a page with 503", fault)
        if self.ground.part.pages:
            await self.ender.begin()
            stack.push_async_callback(_ended, asyncio.create_task(self.ender.watch()))

    def follow(self, configuration: Configuration) -> None:
        """New sessions live as long as the newest configuration says; those that are known are judged anew."""
        self._policy = configuration.policy
        self.sessions.reconsider()

    def _absolute_seconds(self, session: Session) -> float:
        return self._limits(session).absolute_seconds

    def _limits(self, session: Session) -> SessionLimits:
        establishment = session.subject.kind is Kind.ESTABLISHMENT
        return self._policy.establishment_limits if establishment else self._policy.office_limits


async def start(
    configuration: Configuration,
    *,
    clock: Clock = time.time,
    part: Part = WHOLE,
    sockets: Sequence[socket.socket] | None = None,
) -> Running:
    """Open everything and listen, at `sockets` where somebody else has bound them.

    Raises StoreUnavailable, SchemaMismatch, KeysMismatch, OSError; then nothing is left open.
    """
    stack = AsyncExitStack()
    try:
        foundation = _Foundation(configuration, clock, stack, part)
        await foundation.open(stack)
        if sockets is None:
            sockets = [_listening(address, stack) for address in configuration.listen]
        running = Running(foundation, tuple(sockets), stack)
        await running.begin(configuration)
    except BaseException:
        await stack.aclose()
        raise
    return running


def expiring_certificates(configuration: Configuration, clock: Clock = time.time) -> tuple[str, ...]:
    """A sentence for each certificate that has ended or soon will."""
    return expiring(configuration.listen, clock())


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


def _session_store(stores: Stores, clock: Clock) -> SessionStore:
    if stores.sessions == "memory":
        return MemorySessions(clock)
    from gateway.stores.redis import RedisSessions

    return RedisSessions(stores.sessions, clock, known=stores.cached_sessions)


def _key_ring(path: Path) -> KeyRing:
    try:
        return KeyRing.from_file(path)
    except FileNotFoundError:
        raise KeysMismatch(f"There is no key file {path}. Make it once: sekisho keys init FILE") from None
    except (OSError, ValueError) as fault:
        raise KeysMismatch(f"The key file {path} can't be used: {fault}") from fault


async def _check_keys(registry: SqlRegistry, keys: KeyRing, path: Path) -> None:
    """With another key every second factor would be lost without a word: better not to start. Every key that ever
    sealed is noted, so that the file of before a rotation does not pass for the one of after it."""
    sealing = keys.fingerprint()
    noted = (await registry.note_fingerprint(sealing)).split()
    for fingerprint in noted:
        if not keys.holds(fingerprint):
            raise KeysMismatch(
                f"{path} does not hold the key {fingerprint} that sealed second factors in the registry. "
                "Put that key file back."
            )
    if sealing not in noted:
        await registry.replace_fingerprint(" ".join((*noted, sealing)))
    try:
        await registry.prepare_chain()
    except SealBroken as fault:
        raise KeysMismatch(f"The registry's audit record can't be continued with {path}: {fault}.") from fault
