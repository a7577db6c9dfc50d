"""Rules for request and answer heads: what is refused, what an app gets to see, what a browser gets to see.

    browser's head ─ examine ─► refusal, or target and framing ─ gate decides ─ request_headers ─► app's head
    app's head ─ response_headers ─► browser's head without framing

The parser in front (llhttp, strict) has already refused what is no HTTP at all: Content-Length with Transfer-Encoding,
repeated or signed lengths, bare CR or LF, obs-fold, control bytes. What it lets through is settled here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from gateway.core.header_names import ANSWER_KINDS, KINDS, AnswerKind, Kind, fold
from gateway.core.messages import Headers, RequestHead
from gateway.core.values import fast_frozen

Networks = tuple[IPv4Network | IPv6Network, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a head is turned away before anybody judges it: the status to answer and one stable word."""

    status: int
    word: str


@fast_frozen
class Examined:
    """A head that may be judged: its target in origin-form and the framing of its body."""

    target: bytes
    length: bytes | None = None  # Content-Length as the client wrote it
    chunked: bool = False
    expects_continue: bool = False

    @property
    def has_body(self) -> bool:
        """Whether body bytes will follow."""
        return self.chunked or (self.length is not None and self.length.strip(b"0") != b"")


_KEEP, _DROP, _CREDENTIAL = int(Kind.KEEP), int(Kind.DROP), int(Kind.CREDENTIAL)
_COOKIE, _HOST, _CONNECTION = int(Kind.COOKIE), int(Kind.HOST), int(Kind.CONNECTION)
_LENGTH, _TRANSFER, _EXPECT = int(Kind.LENGTH), int(Kind.TRANSFER), int(Kind.EXPECT)
_FORWARDED_FOR = int(Kind.FORWARDED_FOR)
_ANSWER_DROP, _ANSWER_CONNECTION = int(AnswerKind.DROP), int(AnswerKind.CONNECTION)

_HOST_VALUE = re.compile(rb"(?:[A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#]*)(.*)", re.DOTALL)
_PLAIN_CONNECTION = frozenset((b"keep-alive", b"close", b"Keep-Alive", b"Close"))
_HARMLESS_NOMINATED = re.compile(rb"(?i:keep-alive|close|upgrade|te|http2-settings|)")
# Nominating one of these would take it from the request behind the gateway's back (RFC 9110 7.6.1, CVE-2025-48865).
_NEVER_NOMINATED = frozenset(b"host cookie content-length content-type transfer-encoding authorization".split())
# Some servers do not read such a body and take it for the next request (CL.0): the next user's answer is then wrong.
_BODILESS_METHODS = frozenset((b"GET", b"HEAD", b"OPTIONS"))
_REFUSED_METHODS = frozenset((b"CONNECT", b"TRACE"))


def examine(head: RequestHead) -> Examined | Refusal:
    """Judge a parsed head as HTTP. The order is: version, method, headers one by one, then target and framing."""
    if head.version not in ("1.1", "1.0"):
        return Refusal(505, "version")
    if head.method in _REFUSED_METHODS:
        return Refusal(405, "method")
    host: bytes | None = None
    length: bytes | None = None
    chunked = expects = False
    for name, value in head.headers:
        kind = KINDS[name]
        if kind <= _COOKIE:
            continue
        if kind == _HOST:
            if host is not None or _HOST_VALUE.fullmatch(value) is None:
                return Refusal(400, "host")
            host = value
        elif kind == _LENGTH:
            if length is not None or not value.isdigit():
                return Refusal(400, "content-length")
            length = value
        elif kind != _FORWARDED_FOR:
            word = _odd_header(kind, value, head.version)
            if word is not None:
                return word
            chunked = chunked or kind == _TRANSFER
            expects = expects or kind == _EXPECT
    if host is None:
        return Refusal(400, "host")
    return _settle(head, host, length, chunked, expects and head.version == "1.1")


def check_request(head: RequestHead) -> RequestHead | Refusal:
    """`examine` for whoever needs only the head, with its target in origin-form."""
    examined = examine(head)
    if isinstance(examined, Refusal):
        return examined
    if examined.target == head.target:
        return head
    return RequestHead(head.method, examined.target, head.version, head.headers)


def _odd_header(kind: int, value: bytes, version: str) -> Refusal | None:
    """The headers that not every request has; None when this one is in order."""
    if kind == _CONNECTION:
        return None if value in _PLAIN_CONNECTION else _nominations(value)
    if kind == _TRANSFER:
        # Only exactly `chunked`, and never from 1.0 (RFC 9112 6.1). The lane writes its own framing anyway.
        return None if value.lower() == b"chunked" and version == "1.1" else Refusal(400, "transfer-encoding")
    if kind == _EXPECT:
        return None if value.lower() == b"100-continue" else Refusal(417, "expect")
    return Refusal(400, "header-name")


def _nominations(value: bytes) -> Refusal | None:
    for token in value.split(b","):
        name = fold(token.strip(b" \t"))
        if name in _NEVER_NOMINATED or name.startswith(b"x-"):
            return Refusal(400, "connection")
    return None


def _settle(head: RequestHead, host: bytes, length: bytes | None, chunked: bool, expects: bool) -> Examined | Refusal:
    target = head.target
    if b"#" in target:
        return Refusal(400, "fragment")
    if not target.startswith(b"/"):
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute is None or absolute[1].lower() != host.lower():
            return Refusal(400, "target-form")
        rest = absolute[2]
        target = rest if rest.startswith(b"/") else b"/" + rest
    if chunked and length is not None:
        return Refusal(400, "framing")
    examined = Examined(target, length, chunked, expects)
    if (chunked or length is not None) and head.method in _BODILESS_METHODS and examined.has_body:
        return Refusal(400, "body")
    return examined


def nominated(headers: Headers) -> frozenset[bytes]:
    """Lower-case names that Connection headers make hop-by-hop, without the ones that always are."""
    names: list[bytes] = []
    for name, value in headers:
        if len(name) == 10 and name.lower() == b"connection" and value not in _PLAIN_CONNECTION:
            names += [token.strip(b" \t").lower() for token in value.split(b",")]
    return frozenset(name for name in names if _HARMLESS_NOMINATED.fullmatch(name) is None)


def request_headers(
    head: RequestHead,
    *,
    client_address: str,
    scheme: str,
    host: bytes,
    trusted: bool = False,
    peer: str = "",
    pass_headers: frozenset[bytes] = frozenset(),
    cookie: bytes | None = None,
    host_header: bytes | None = None,
) -> Headers:
    """What the app gets: end-to-end headers as they came, Cookie replaced, X-Forwarded-For/-Proto/-Host set once.

    `host` is what the browser asked for (X-Forwarded-Host), `host_header` what the app wants to be called (None: the
    same). The chain in X-Forwarded-For is continued only when `trusted` says that `peer` is a trusted proxy, and only
    from the client address on: what stands left of it anybody may have written.
    """
    dropped: frozenset[bytes] = frozenset()
    forwarded: list[bytes] = []
    kept: list[tuple[bytes, bytes]] = [(b"Host", host_header or host)]
    for pair in head.headers:
        kind = KINDS[pair[0]]
        if kind == _KEEP:
            kept.append(pair)
        elif kind == _CREDENTIAL:
            if pair[0].lower() in pass_headers:
                kept.append(pair)
        elif kind == _FORWARDED_FOR:
            forwarded.append(pair[1])
        elif kind == _CONNECTION and pair[1] not in _PLAIN_CONNECTION:
            dropped = dropped or nominated(head.headers)
    if dropped:
        kept[1:] = [pair for pair in kept[1:] if pair[0].lower() not in dropped]
    if cookie is not None:
        kept.append((b"Cookie", cookie))
    chain = _vouched(forwarded, client_address, peer) if trusted else client_address.encode()
    kept.append((b"X-Forwarded-For", chain))
    kept.append((b"X-Forwarded-Proto", scheme.encode()))
    kept.append((b"X-Forwarded-Host", host))
    return tuple(kept)


def _vouched(forwarded: list[bytes], client_address: str, peer: str) -> bytes:
    """The part of the chain that trusted proxies wrote, with the last of them added."""
    hops = [client_address]
    for entry in reversed([entry.strip(b" \t") for value in forwarded for entry in value.split(b",")]):
        address = _parsed(entry)
        if address is None or address == client_address:
            break
        hops.insert(1, address)
    if peer and peer != client_address:
        hops.append(peer)
    return ", ".join(hops).encode()


def response_headers(headers: Headers) -> Headers:
    """An app's end-to-end headers with their bytes, spelling and order; framing is the lane's to write."""
    kept = []
    nominating = False
    for pair in headers:
        kind = ANSWER_KINDS[pair[0]]
        if kind < _ANSWER_DROP:
            kept.append(pair)
        elif kind == _ANSWER_CONNECTION and pair[1] not in _PLAIN_CONNECTION:
            nominating = True
    dropped = nominated(headers) if nominating else None
    return tuple([pair for pair in kept if pair[0].lower() not in dropped] if dropped else kept)


def framing_header(headers: Headers, kind: AnswerKind) -> bytes | None:
    """The first LENGTH or TRANSFER header of an answer."""
    for name, value in headers:
        if ANSWER_KINDS[name] == kind:
            return value
    return None


def client_address(peer: str, headers: Headers, trusted: Networks) -> tuple[str, bool]:
    """Who really asks, and whether the peer is a trusted proxy: from the peer leftwards through X-Forwarded-For for as
    long as each hop is one.

    The first address that is no trusted proxy is the client. An entry that is no address ends the walk: nobody
    vouches for what stands left of it. `peer` is "" for a UNIX socket, which is trusted as much as its directory is.
    """
    if not trusted or (peer and not is_trusted(peer, trusted)):
        return peer, False
    entries: list[bytes] = []
    for name, value in headers:
        if KINDS[name] == _FORWARDED_FOR:
            entries += value.split(b",")
    reached = peer
    for entry in reversed(entries):
        address = _parsed(entry.strip(b" \t"))
        if address is None:
            break
        reached = address
        if not is_trusted(address, trusted):
            break
    return reached, True


def client_scheme(own: str, headers: Headers, trusted: bool) -> str:
    """`http` or `https` as the browser used it: the socket's own, or what a trusted proxy says in X-Forwarded-Proto."""
    if trusted:
        for name, value in headers:
            if name.lower() == b"x-forwarded-proto" and value in (b"http", b"https"):
                return value.decode()
    return own


@lru_cache(maxsize=4096)
def is_trusted(address: str, trusted: Networks) -> bool:
    """Whether an address belongs to a trusted proxy. What is no address is not."""
    parsed = _address(address)
    return parsed is not None and any(parsed in network for network in trusted)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


_WITH_PORT: Sequence[re.Pattern[bytes]] = (
    re.compile(rb"\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?"),
    re.compile(rb"([0-9.]+)(?::[0-9]{1,5})?"),
)


def _parsed(entry: bytes) -> str | None:
    for pattern in _WITH_PORT:
        found = pattern.fullmatch(entry)
        if found is not None:
            entry = found[1]
            break
    address = _address(entry.decode("latin-1"))
    return None if address is None else str(address)
