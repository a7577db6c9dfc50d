"""Scenes for the lane: browsers and an app whose bytes are cut, delayed and broken off anywhere, and what each browser
must then have seen.

strategy ─► Scene ─► played over real sockets (test_rechunking) ─► Sight of each browser
                └──────────────► verdict: exactly these answers, whole, in order ◄──┘
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from hypothesis import strategies as st

Name = tuple[int, int]  # browser and place: the name of a request, its target and the seed of its bytes


@dataclass(frozen=True)
class Ask:
    """One request. `body` is a size; None: no body at all."""

    method: str = "GET"
    body: int | None = None
    chunked: bool = False
    version: str = "1.1"
    keep: bool = True
    expects: bool = False

    @property
    def repeatable(self) -> bool:
        return self.method in ("GET", "HEAD") and not self.body

    def wire(self, name: Name, sizes: list[int]) -> bytes:
        """As the browser sends it."""
        head = f"{self.method} /{name[0]}/{name[1]} HTTP/{self.version}\r\nHost: a.example\r\n"
        if self.version == "1.0" and self.keep:
            head += "Connection: keep-alive\r\n"
        elif self.version == "1.1" and not self.keep:
            head += "Connection: close\r\n"
        head += "Expect: 100-continue\r\n" if self.expects else ""
        if self.body is None:
            return head.encode() + b"\r\n"
        body = stuff("up", name, self.body)
        if self.chunked:
            return head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(body, sizes) + b"0\r\n\r\n"
        return head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


@dataclass(frozen=True)
class Told:
    """What the app answers. `broken`: the share of its bytes after which it breaks off; `dies`: it closes at first
    without a byte; `early`: it answers before the body has come, then reads it away or hangs up; `chatty`: a body
    follows HEAD's head, too."""

    status: int = 200
    size: int = 0
    framing: str = "length"  # length, chunked, close
    interims: tuple[int, ...] = ()
    end: str = "keep"  # keep, close: says so, silent: just closes
    early: str = "no"  # no, drain, drop
    broken: float | None = None
    hard: bool = False  # closes by a reset
    surplus: bool = False
    trailers: bool = False
    dies: bool = False
    chatty: bool = False

    def bodiless(self, ask: Ask) -> bool:
        return ask.method == "HEAD" or self.status in (204, 304)

    def heads(self, name: Name) -> bytes:
        """Everything in front of the body."""
        parts = [b"HTTP/1.1 %d Wait\r\nLink: </x>\r\n\r\n" % status for status in self.interims]
        head = b"HTTP/1.1 %d Done\r\nX-Name: %d/%d\r\n" % (self.status, *name)
        if self.framing == "chunked":
            head += b"Transfer-Encoding: chunked\r\n"
        elif self.framing == "length" and self.status != 204:
            head += b"Content-Length: %d\r\n" % self.size
        head += b"Connection: close\r\n" if self.end == "close" else b""
        return b"".join(parts) + head + b"\r\n"

    def wire(self, ask: Ask, name: Name, sizes: list[int]) -> bytes:
        """As the app sends it."""
        if self.bodiless(ask) and not (self.chatty and ask.method == "HEAD"):
            return self.heads(name)
        body = stuff("down", name, self.size)
        if self.framing == "chunked":
            body = chunks(body, sizes) + (b"0\r\nX-Late: 1\r\n\r\n" if self.trailers else b"0\r\n\r\n")
        return self.heads(name) + body

    def cut(self, ask: Ask, name: Name, sizes: list[int]) -> tuple[bytes, bool]:
        """The bytes that really come, and whether they are all of them."""
        whole = self.wire(ask, name, sizes)
        if self.broken is None:
            return whole + (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison" if self.surplus else b""), True
        return whole[: max(1, int(len(whole) * self.broken))], False


@dataclass(frozen=True)
class Line:
    """One browser's connection. `leaves`: after this share of what it sends, or after so many bytes it has got."""

    pairs: tuple[tuple[Ask, Told], ...]
    pipelined: bool = False
    leaves_sending: float | None = None
    leaves_seeing: int | None = None
    hard: bool = False
    slow: bool = False

    @property
    def leaves(self) -> bool:
        return self.leaves_sending is not None or self.leaves_seeing is not None


@dataclass(frozen=True)
class Scene:
    """Everything of one run. `gate`: how the gate decides on an answer: not at all where it is plain, at once, later,
    or with a filter over the bodies."""

    lines: tuple[Line, ...]
    up: list[int] = field(default_factory=lambda: [1000])
    down: list[int] = field(default_factory=lambda: [1000])
    pauses: list[int] = field(default_factory=lambda: [0])
    gate: str = "plain"  # plain, asked, later, filter
    pool: int = 256
    addresses: int = 1

    def pair(self, name: Name) -> tuple[Ask, Told]:
        return self.lines[name[0]].pairs[name[1]]


@dataclass
class Answered:
    """A whole answer as a browser read it."""

    status: int
    name: str
    body: bytes


@dataclass
class Sight:
    """All that a browser saw. `end`: open, eof, reset; `rest`: bytes that make no whole answer."""

    answers: list[Answered] = field(default_factory=list)
    rest: bytes = b""
    end: str = "open"


def stuff(side: str, name: Name, size: int) -> bytes:
    """Bytes that belong to this message alone."""
    block = hashlib.sha256(f"{side} {name[0]}/{name[1]}".encode()).hexdigest().encode()
    return (block * (size // len(block) + 1))[:size]


def cut(data: bytes, sizes: list[int], most: int = 150) -> Iterator[bytes]:
    """Pieces of these sizes in turn; larger ones where there would be too many."""
    least, place, turn = len(data) // most, 0, 0
    while place < len(data):
        size = max(sizes[turn % len(sizes)], least)
        yield data[place : place + size]
        place, turn = place + size, turn + 1


def chunks(data: bytes, sizes: list[int]) -> bytes:
    """Chunks without the last."""
    return b"".join(b"%x;a=b\r\n%b\r\n" % (len(piece), piece) for piece in cut(data, sizes))


def _share(most: float = 0.999) -> st.SearchStrategy[float]:
    return st.floats(0, most)


def _rarely(rare: st.SearchStrategy[float] | st.SearchStrategy[int]) -> st.SearchStrategy[float | int | None]:
    return st.one_of(st.none(), st.none(), st.none(), rare)


_BODY_SIZES = st.one_of(st.sampled_from([0, 1, 2, 100]), st.integers(0, 3000), st.sampled_from([20_000, 150_000]))


@st.composite
def _asks(draw: st.DrawFn) -> Ask:
    method = draw(st.sampled_from(["GET", "GET", "HEAD", "POST", "PUT", "DELETE"]))
    version = draw(st.sampled_from(["1.1", "1.1", "1.1", "1.0"]))
    body = None if method in ("GET", "HEAD") else draw(st.one_of(_BODY_SIZES, st.none()))
    newer = version == "1.1" and body is not None
    return Ask(
        method,
        body,
        chunked=newer and draw(st.booleans()),
        version=version,
        keep=draw(st.integers(0, 4)) > 0,
        expects=newer and draw(st.integers(0, 3)) == 0,
    )


@st.composite
def _pairs(draw: st.DrawFn, *, pages: bool) -> tuple[Ask, Told]:
    ask = Ask() if pages and draw(st.integers(0, 5)) else draw(_asks())
    framing = draw(st.sampled_from(["length", "length", "chunked", "close"]))
    broken = draw(_rarely(_share()))
    size = draw(_BODY_SIZES)
    ends = ["close"] if framing == "close" else ["keep", "keep", "keep", "keep", "close", "silent"]
    end = draw(st.sampled_from(ends))
    told = Told(
        status=draw(st.sampled_from([200, 200, 200, 204, 304, 404, 500])),
        size=size,
        framing=framing,
        interims=tuple(draw(st.lists(st.sampled_from([100, 102, 103]), max_size=2))),
        end=end,
        early=draw(st.sampled_from(["no", "no", "drain", "drop"])) if ask.body else "no",
        broken=broken,
        hard=draw(st.booleans()),
        surplus=broken is None and end == "keep" and size < 2000 and draw(st.integers(0, 5)) == 0,
        trailers=draw(st.booleans()),
        dies=draw(st.integers(0, 7)) == 0,
        chatty=draw(st.integers(0, 3)) == 0,
    )
    return ask, told


@st.composite
def _lines(draw: st.DrawFn, *, pages: bool) -> Line:
    pairs = tuple(draw(st.lists(_pairs(pages=pages), min_size=1, max_size=5)))
    side = draw(st.integers(0, 5))
    return Line(
        pairs,
        pipelined=draw(st.booleans()) and not pages,
        leaves_sending=draw(_share()) if side == 0 else None,
        leaves_seeing=draw(st.integers(0, 3000)) if side == 1 else None,
        hard=draw(st.booleans()),
        slow=draw(st.integers(0, 4)) == 0,
    )


_SIZES = st.lists(st.one_of(st.integers(1, 8), st.integers(1, 3000)), min_size=1, max_size=4)


def scenes(*, pages: bool = False) -> st.SearchStrategy[Scene]:
    """Any scene. `pages`: mostly pages are asked for, by heads that come whole, as the short way takes them."""
    return st.builds(
        Scene,
        st.lists(_lines(pages=pages), min_size=1, max_size=3).map(tuple),
        st.just([1 << 20]) if pages else _SIZES,
        _SIZES,
        st.lists(st.sampled_from([0, 0, 0, 1, 1, 2]), min_size=1, max_size=5),
        st.sampled_from(["plain", "plain", "asked", "later", "filter"]),
        st.sampled_from([256, 256, 1]),
        st.sampled_from([1, 1, 2]),
    )
