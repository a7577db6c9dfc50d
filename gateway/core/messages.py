"""HTTP messages as bytes. Header names and values stay exactly as they came; no dict, no decoding."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.core.values import fast_frozen

Headers = tuple[tuple[bytes, bytes], ...]


@fast_frozen
class RequestHead:
    """What a browser asked: method and target as raw bytes, version `1.0` or `1.1`, headers in order.

    `block`: everything behind the request line as it came, of a plain GET that came in one piece; else empty.
    """

    method: bytes
    target: bytes
    version: str
    headers: Headers
    block: bytes = field(default=b"", repr=False, compare=False)


@fast_frozen
class ResponseHead:
    """What an app answered, before the body."""

    status: int
    reason: bytes
    version: str
    headers: Headers


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer with its body in memory. `headers` name no framing (the writer adds Content-Length)."""

    status: int
    reason: bytes
    headers: Headers
    body: bytes = field(default=b"", repr=False)


def header_values(headers: Headers, name: bytes) -> list[bytes]:
    """All values of a header, in order; `name` in lower case."""
    return [value for key, value in headers if key.lower() == name]


def first_header(headers: Headers, name: bytes) -> bytes | None:
    """The first value of a header or None; `name` in lower case."""
    for key, value in headers:
        if key.lower() == name:
            return value
    return None
