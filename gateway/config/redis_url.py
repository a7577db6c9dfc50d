"""Where sessions are kept in Redis, as an operator writes it.

    redis://[user:password@]host[:6379][/0]      rediss:// with TLS      unix:///path?db=0
    redis+sentinel://[user:password@]host[:26379],host2[:26379]/name[/0]     rediss+sentinel://
    redis+cluster://[user:password@]host[:6379],host2[:6379]                 rediss+cluster://

`?option=value` is for the client library (`ssl_ca_certs=/path`); `sentinel_username` and `sentinel_password` sign in to
the Sentinels themselves, for which the user and password before the @ are not meant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import parse_qsl, urlencode

REMEDY: Final = (
    "Write memory, redis://host:6379/0, redis+sentinel://host:26379,host2:26379/name/0"
    " or redis+cluster://host:6379,host2:6379."
)
_PORTS: Final = {"single": 6379, "sentinel": 26379, "cluster": 6379}
_SENTINEL_OPTIONS: Final = ("sentinel_username", "sentinel_password")


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """`base` is the URL of the first host as the client library reads it; it may hold a password.

    `hosts` are Redis servers, or the Sentinels that watch the group `name`.
    """

    kind: Literal["single", "sentinel", "cluster"]
    base: str = field(repr=False)
    hosts: tuple[tuple[str, int], ...] = ()
    name: str = ""
    sentinel_login: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def parse_redis_url(text: str) -> RedisUrl:
    """Raises ValueError, which says what is wrong and shows nothing of a password."""
    scheme, separator, rest = text.partition("://")
    transport, _, kind = scheme.partition("+")
    if scheme == "unix" and separator:
        return RedisUrl("single", text)
    if not separator or transport not in ("redis", "rediss"):
        raise ValueError("no such store.")
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    login, at, hosts = authority.rpartition("@")
    if kind == "sentinel":
        return _sentinel(transport, login + at, _hosts(hosts, kind), path, query)
    if kind == "cluster":
        if path not in ("", "0"):
            raise ValueError("a cluster has no numbered databases: nothing may stand behind its hosts.")
        addresses = _hosts(hosts, kind)
        return RedisUrl("cluster", _base(transport, login + at, addresses[0], "", query), addresses)
    if "+" in scheme:
        raise ValueError(f"+{kind} is neither +sentinel nor +cluster.")
    addresses = _hosts(hosts or "localhost", "single")
    if len(addresses) > 1:
        raise ValueError("several hosts are Sentinels (redis+sentinel://) or a cluster (redis+cluster://).")
    _database(path)
    return RedisUrl("single", text, addresses)


def _sentinel(transport: str, login: str, hosts: tuple[tuple[str, int], ...], path: str, query: str) -> RedisUrl:
    name, _, database = path.partition("/")
    if not name:
        raise ValueError("the name of the group that the Sentinels watch is missing: …:26379/name/0.")
    _database(database)
    options = parse_qsl(query, keep_blank_values=True)
    own = tuple((key.removeprefix("sentinel_"), value) for key, value in options if key in _SENTINEL_OPTIONS)
    others = urlencode([pair for pair in options if pair[0] not in _SENTINEL_OPTIONS])
    return RedisUrl("sentinel", _base(transport, login, hosts[0], database, others), hosts, name, own)


def _base(transport: str, login: str, host: tuple[str, int], database: str, query: str) -> str:
    name = f"[{host[0]}]" if ":" in host[0] else host[0]
    return f"{transport}://{login}{name}:{host[1]}/{database or 0}" + (f"?{query}" if query else "")


def _hosts(text: str, kind: str) -> tuple[tuple[str, int], ...]:
    return tuple(_host(one.strip(), _PORTS[kind]) for one in text.split(","))


def _host(text: str, default: int) -> tuple[str, int]:
    name, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):
        name, port = text, str(default)
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    elif ":" in name:
        raise ValueError("an IPv6 address stands in brackets: [::1]:6379.")
    if not name:
        raise ValueError("a host is missing.")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"the port of {name} is no number from 1 to 65535.")
    return name, int(port)


def _database(text: str) -> None:
    if text and not (text.isascii() and text.isdigit()):
        raise ValueError("the database behind the last slash is no number.")
