"""One Redis server that takes writes, asked with a time limit of its own.

`Single` is the only one there is, or the one that Sentinels call the primary at the moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import AskError, NoScriptError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from gateway.core.errors import StoreUnavailable
from gateway.stores.circuit import Circuit
from gateway.stores.outage import Outage
from gateway.stores.redis_scripts import Script
from gateway.stores.time_limit import answer_within

# A script takes well under a millisecond, so few connections carry a lot; and a burst on a cold pool must not spend its
# time limit on opening dozens of them at once.
CONNECTIONS = 8
AT_ONCE = 500  # keys of one command
Argument = bytes | str | float
Keys = Sequence[bytes]


class Servers(Protocol):
    """Redis servers that keep each key on one of them. Every method may raise StoreUnavailable."""

    async def ask(self, key: bytes, *command: Argument) -> Any:  # noqa: ANN401 (a command's own answer)
        """One command on the server of `key`."""

    async def run(self, script: Script, keys: Keys, *arguments: Argument) -> Any:  # noqa: ANN401
        """A script over keys that are kept together."""

    async def over(self, script: Script, keys: Keys, first: Argument, each: Sequence[Argument]) -> list[Any]:
        """A script over any number of keys, in few round trips: its answers, one for each part of the keys.

        Its arguments are `first` and, where there are any, those of `each` that belong to its keys.
        """

    def nodes(self) -> Sequence[Node]:
        """The servers that take writes, as far as is known."""

    async def refresh(self) -> None:
        """Find out which servers those are."""

    async def close(self) -> None:
        """Release connections."""


class Node:
    """A server. While it does not answer, everybody but one is refused at once."""

    def __init__(
        self, client: Redis, listener: Redis, seconds: float, monotonic: Callable[[], float], where: str = ""
    ) -> None:
        """`listener` is for the channel alone, so that it never waits for a turn. `seconds`: the time for an answer.
        `where`: which server it is, where there are several."""
        self.listener = listener
        self._client = client
        self._seconds = seconds
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._circuit = Circuit("sessions", monotonic=monotonic, outage=Outage("sessions", where, monotonic))

    async def ask(self, *command: Argument, asking: bool = False) -> Any:  # noqa: ANN401
        """One command. `asking`: its key is on its way here. Raises StoreUnavailable, AskError, MovedError."""
        async with self._turn():
            if not asking:
                return await self._client.execute_command(*command)  # type: ignore[no-untyped-call]
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.execute_command("ASKING")
                pipe.execute_command(*command)
                return (await pipe.execute())[1]

    async def run(self, script: Script, keys: Keys, arguments: Sequence[Argument], *, asking: bool = False) -> Any:  # noqa: ANN401
        """A script, which Redis learns at its first use."""
        try:
            return await self.ask("EVALSHA", script.digest, len(keys), *keys, *arguments, asking=asking)
        except NoScriptError:
            return await self.ask("EVAL", script.text, len(keys), *keys, *arguments, asking=asking)

    async def run_all(self, script: Script, calls: Sequence[tuple[Keys, Sequence[Argument]]]) -> list[Any]:
        """Many runs in one round trip; the answer of a run that failed is its exception."""
        async with self._turn(), self._client.pipeline(transaction=False) as pipe:
            for keys, arguments in calls:
                pipe.execute_command("EVALSHA", script.digest, len(keys), *keys, *arguments)
            return list(await pipe.execute(raise_on_error=False))

    def replaced(self) -> None:
        """Another server keeps what this one did."""
        self._circuit.replaced()

    async def close(self) -> None:
        """Release connections."""
        await self._client.aclose()
        await self.listener.aclose()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Waiting for a turn is not the server's silence, so it is not timed; and whoever queued while the server went
        away is refused at once by the circuit."""
        async with self._turns:
            self._circuit.check()
            try:
                async with answer_within(self._seconds):
                    yield
            except (AskError, NoScriptError):
                self._circuit.answered()
                raise
            except (RedisError, OSError, TimeoutError) as fault:
                cause = f"{type(fault).__name__}: {fault}".rstrip(": ")
                if isinstance(fault, RedisConnectionError | RedisTimeoutError | OSError | TimeoutError):
                    self._circuit.failed(cause)
                elif "READONLY" in cause:  # it was the primary when these connections were opened
                    await self._client.connection_pool.disconnect(inuse_connections=False)
                raise StoreUnavailable("sessions", cause) from fault
            self._circuit.answered()


class Single:
    """One server keeps everything."""

    def __init__(self, node: Node, close: Callable[[], Any] | None = None) -> None:
        self._node = node
        self._close = close

    async def ask(self, key: bytes, *command: Argument) -> Any:  # noqa: ANN401, ARG002
        """See Servers.ask."""
        return await self._node.ask(*command)

    async def run(self, script: Script, keys: Keys, *arguments: Argument) -> Any:  # noqa: ANN401
        """See Servers.run."""
        return await self._node.run(script, keys, arguments)

    async def over(self, script: Script, keys: Keys, first: Argument, each: Sequence[Argument]) -> list[Any]:
        """See Servers.over."""
        parts = [slice(start, start + AT_ONCE) for start in range(0, len(keys), AT_ONCE)]
        return [await self._node.run(script, keys[part], (first, *each[part])) for part in parts]

    def nodes(self) -> Sequence[Node]:
        """See Servers.nodes."""
        return (self._node,)

    async def refresh(self) -> None:
        """There is but one."""

    async def close(self) -> None:
        """See Servers.close."""
        await self._node.close()
        if self._close is not None:
            await self._close()
