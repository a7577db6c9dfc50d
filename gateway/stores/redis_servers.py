"""From an address of the configuration to the Redis servers behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import RedisSSLContext, SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway.config.redis_url import RedisUrl, parse_redis_url
from gateway.core.errors import StoreUnavailable
from gateway.stores.redis_cluster import Address, Cluster
from gateway.stores.redis_node import CONNECTIONS, Node, Servers, Single

_OF_ONE_HOST = ("host", "port", "connection_class")


def connect(url: str, seconds: float, monotonic: Callable[[], float]) -> Servers:
    """The servers of a URL, each asked for at most `seconds` at a time. Nothing connects yet. Raises ValueError."""
    where = parse_redis_url(url)
    if where.kind == "cluster":
        return Cluster(where.hosts, lambda address: _node(where.base, seconds, monotonic, address), monotonic)
    if where.kind == "sentinel":
        return _watched(where, seconds, monotonic)
    return Single(_node(where.base, seconds, monotonic))


def _options(seconds: float) -> dict[str, Any]:
    """One try with a short time: the defaults retry a refused connection for 3 s and a frozen server for a minute. The
    client's own limits are only the outer ones: `Node` has a better one for each question."""
    return {
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": 2 * seconds,
        "socket_connect_timeout": 2 * seconds,
        "max_connections": CONNECTIONS + 1,
    }


def _node(base: str, seconds: float, monotonic: Callable[[], float], address: Address | None = None) -> Node:
    client, listener = Redis.from_url(base, **_options(seconds)), Redis.from_url(base, **_options(seconds))
    if address is not None:
        for one in (client, listener):
            one.connection_pool.connection_kwargs.update(host=address[0], port=address[1])
    _read_certificates_once(client, listener)
    return Node(client, listener, seconds, monotonic, f"{address[0]}:{address[1]}" if address is not None else "")


def _watched(where: RedisUrl, seconds: float, monotonic: Callable[[], float]) -> Single:
    said = dict(parse_url(where.base))
    options = {**_options(seconds), **{key: value for key, value in said.items() if key not in _OF_ONE_HOST}}
    if where.base.startswith("rediss://"):
        options["ssl"] = True
    login = {key: options.pop(key) for key in ("username", "password", "db") if key in options}
    sentinels = _Sentinels(  # type: ignore[no-untyped-call]
        where.hosts, sentinel_kwargs={**options, **dict(where.sentinel_login)}, **options, **login
    )
    client, listener = (sentinels.master_for(where.name) for _ in range(2))
    _read_certificates_once(client, listener, *sentinels.sentinels)
    return _Watched(Node(client, listener, seconds, monotonic), client, listener, sentinels)


class _Watched(Single):
    """The server that Sentinels call the primary. One that was replaced may still answer, cut off from the others: so
    they are asked again and again, and what leads to another server is closed."""

    def __init__(self, node: Node, client: Redis, listener: Redis, sentinels: Sentinel) -> None:
        super().__init__(node, sentinels.aclose)
        self._client = client
        self._listener = listener

    async def refresh(self) -> None:
        """See Servers.refresh."""
        pool: Any = self._client.connection_pool
        before = pool.master_address
        try:
            now = await pool.get_master_address()  # closes idle connections when it is another
        except (RedisError, OSError) as fault:
            raise StoreUnavailable("sessions", str(fault)) from fault
        if before not in (None, now):
            await self._listener.connection_pool.disconnect()


def _read_certificates_once(*clients: Redis) -> None:
    """One TLS context for all connections: the client library makes one for each, 40 ms of the loop every time."""
    made: list[RedisSSLContext] = []

    def one_context(kind: type[SSLConnection]) -> type[SSLConnection]:
        class OneContext(kind):  # type: ignore[misc, valid-type]
            def __init__(self, **options: Any) -> None:  # noqa: ANN401 (the library's)
                super().__init__(**options)
                made.append(self.ssl_context)  # type: ignore[has-type]
                self.ssl_context = made[0]
                del made[1:]

        return OneContext

    for client in clients:
        kind = client.connection_pool.connection_class
        if issubclass(kind, SSLConnection):
            client.connection_pool.connection_class = one_context(kind)


class _Sentinels(Sentinel):
    """All of them are asked at once: one after another, a silent one would use up the time that there is."""

    async def discover_master(self, service_name: str) -> Address:
        """Where the first Sentinel that knows a primary says that it is. Raises MasterNotFoundError."""
        what = ""
        asked = [asyncio.ensure_future(sentinel.sentinel_masters()) for sentinel in self.sentinels]
        try:
            for answer in asyncio.as_completed(asked):
                try:
                    states: Any = await answer
                except (RedisError, OSError) as fault:
                    what = f" ({type(fault).__name__}: {fault})"
                    continue
                state = states.get(service_name)
                if state and self.check_master_state(state, service_name):
                    return state["ip"], state["port"]
        finally:
            for one in asked:
                one.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        raise MasterNotFoundError(f"no Sentinel knows a primary of {service_name!r}{what}")
