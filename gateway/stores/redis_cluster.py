"""Redis Cluster: each key is kept by the primary that has its slot.

The client library's own cluster client opens every connection anew and asks for the whole layout when one server fails,
up to five times within a call: here a shard that is away costs the sessions of the others nothing. So the layout is
kept here, and each primary is asked as a single server is.
"""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from redis.crc import key_slot
from redis.exceptions import AskError, MovedError, RedisError

from gateway.core.errors import StoreUnavailable
from gateway.stores.redis_node import AT_ONCE, Argument, Keys, Node
from gateway.stores.redis_scripts import Script

_REFRESH_SECONDS = 0.3  # at least so long between two tries to learn a layout that has become doubtful
Address = tuple[str, int]


class Cluster:
    """Finds each key's server (`redis_node.Servers`)."""

    def __init__(
        self, seeds: Sequence[Address], connect: Callable[[Address], Node], monotonic: Callable[[], float]
    ) -> None:
        """`seeds`: any of its servers. Nothing connects before the first use."""
        self._seeds = tuple(seeds)
        self._connect = connect
        self._monotonic = monotonic
        self._nodes: dict[Address, Node] = {}
        self._starts: list[int] = []  # first slots of ranges, ascending
        self._ranges: list[tuple[int, Address]] = []  # last slot and primary of each
        self._answered: tuple[Address, ...] = ()  # the one that told the layout
        self._doubtful = True
        self._refreshed_at = float("-inf")
        self._turn = asyncio.Lock()

    async def ask(self, key: bytes, *command: Argument) -> Any:  # noqa: ANN401
        """See Servers.ask."""
        return await self._routed(key, lambda node, asking: node.ask(*command, asking=asking))

    async def run(self, script: Script, keys: Keys, *arguments: Argument) -> Any:  # noqa: ANN401
        """See Servers.run."""
        return await self._routed(keys[0], lambda node, asking: node.run(script, keys, arguments, asking=asking))

    async def over(self, script: Script, keys: Keys, first: Argument, each: Sequence[Argument]) -> list[Any]:
        """See Servers.over. A run takes the keys of one slot; the runs of one server go in one round trip."""
        slots: dict[int, list[int]] = {}
        for number, key in enumerate(keys):
            slots.setdefault(key_slot(key), []).append(number)
        calls: dict[Node, list[tuple[Keys, list[Argument]]]] = {}
        for numbers in slots.values():
            some = [keys[number] for number in numbers]
            arguments = [first, *(each[number] for number in numbers if each)]
            calls.setdefault(await self._node_of(some[0]), []).append((some, arguments))
        return [answer for node, of_node in calls.items() for answer in await self._all(node, script, of_node)]

    def nodes(self) -> Sequence[Node]:
        """See Servers.nodes."""
        return tuple(self._nodes[address] for address in {primary for _, primary in self._ranges})

    async def refresh(self) -> None:
        """Learn the layout from whichever server answers. Raises StoreUnavailable when none does."""
        async with self._turn:
            await self._learn()

    async def close(self) -> None:
        """See Servers.close."""
        for node in self._nodes.values():
            await node.close()

    async def _routed(self, key: bytes, ask: Callable[[Node, bool], Awaitable[Any]]) -> Any:  # noqa: ANN401
        node = await self._node_of(key)
        try:
            return await ask(node, False)
        except StoreUnavailable:
            self._doubtful = True  # another may take its place
            raise
        except MovedError as moved:
            await self._follow(moved)
            node, asking = await self._node_of(key), False
        except AskError as on_its_way:
            node, asking = self._node_at((on_its_way.host, on_its_way.port)), True
        try:
            return await ask(node, asking)
        except AskError as fault:
            raise StoreUnavailable("sessions", f"the cluster is moving a slot: {fault}") from fault

    async def _all(self, node: Node, script: Script, calls: Sequence[tuple[Keys, list[Argument]]]) -> list[Any]:
        answers: list[Any] = []
        for start in range(0, len(calls), AT_ONCE):
            some = calls[start : start + AT_ONCE]
            for (keys, arguments), answer in zip(some, await node.run_all(script, some), strict=True):
                failed = isinstance(answer, RedisError)  # moved, or not known there yet: asked alone, it finds its way
                answers.append(await self.run(script, keys, *arguments) if failed else answer)
        return answers

    async def _node_of(self, key: bytes) -> Node:
        if not self._ranges:
            async with self._turn:
                if not self._ranges:
                    await self._learn()
        elif self._doubtful and self._monotonic() - self._refreshed_at >= _REFRESH_SECONDS and not self._turn.locked():
            async with self._turn:  # the others go by what is known
                with contextlib.suppress(StoreUnavailable):
                    await self._learn()
        slot = key_slot(key)
        at = bisect_right(self._starts, slot) - 1
        if at < 0 or self._ranges[at][0] < slot:
            self._doubtful = True
            raise StoreUnavailable("sessions", "no server of the cluster has this slot")
        return self._nodes[self._ranges[at][1]]

    async def _follow(self, moved: MovedError) -> None:
        """A slot has another primary: ask that one for the layout, as the others may not have heard of it."""
        async with self._turn:
            await self._learn((moved.host, moved.port))

    async def _learn(self, *first: Address) -> None:
        self._refreshed_at = self._monotonic()
        fault = StoreUnavailable("sessions", "no server of the cluster is known")
        for address in dict.fromkeys((*first, *self._answered, *self._nodes, *self._seeds)):
            try:
                layout = await self._node_at(address).ask("CLUSTER SLOTS")
                ranges = sorted((part[0], part[1], _address(part[2], address)) for part in layout)
            except StoreUnavailable as silent:
                fault = silent
            except (IndexError, TypeError, ValueError) as odd:
                fault = StoreUnavailable("sessions", f"the cluster's layout can't be read: {odd}")
            else:
                self._answered = (address,)
                await self._take(ranges)
                return
        raise fault

    async def _take(self, ranges: Sequence[tuple[int, int, Address]]) -> None:
        self._starts = [first for first, _, _ in ranges]
        self._ranges = [(last, primary) for _, last, primary in ranges]
        primaries = {primary for _, _, primary in ranges}
        for primary in primaries:
            self._node_at(primary)
        for address in [known for known in self._nodes if known not in primaries]:
            self._nodes[address].replaced()
            if address not in self._seeds:
                await self._nodes.pop(address).close()
        self._doubtful = False

    def _node_at(self, address: Address) -> Node:
        node = self._nodes.get(address)
        if node is None:
            node = self._nodes[address] = self._connect(address)
        return node


def _address(server: Sequence[Any], asked: Address) -> Address:
    """Of a server in a layout; one that does not know its own name is the one that was asked."""
    host = server[0].decode() if isinstance(server[0], bytes) else server[0]
    return host or asked[0], int(server[1])
