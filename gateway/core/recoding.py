"""Filters of other filters: a gzip body opened, changed and packed again, and one filter behind another."""

from __future__ import annotations

import zlib
from typing import Protocol

_GZIP = 31
_ANY_HEADER = 47


class Inner(Protocol):
    """A filter over plain bytes."""

    def feed(self, data: bytes) -> bytes:
        """Take the next piece; give what may go on now."""

    def finish(self) -> bytes:
        """The body has ended; give the rest."""


class Regzipped:
    """Runs a filter inside gzip. Broken gzip raises zlib.error: better no page than an unfiltered one."""

    def __init__(self, inner: Inner) -> None:
        self._inner = inner
        self._open = zlib.decompressobj(_ANY_HEADER)
        self._pack = zlib.compressobj(6, zlib.DEFLATED, _GZIP)

    def feed(self, data: bytes) -> bytes:
        """Take a compressed piece; give a compressed piece."""
        plain = bytearray()
        while data:
            plain += self._open.decompress(data)
            data = self._open.unused_data
            if self._open.eof:
                self._open = zlib.decompressobj(_ANY_HEADER)  # RFC 1952 2.2: members may follow one another
        return self._pack.compress(self._inner.feed(bytes(plain)))

    def finish(self) -> bytes:
        """The body has ended; give the rest and the gzip trailer."""
        rest = self._inner.feed(self._open.flush()) + self._inner.finish()
        return self._pack.compress(rest) + self._pack.flush()


class Chained:
    """One filter, and behind it another."""

    def __init__(self, first: Inner, second: Inner) -> None:
        self._first = first
        self._second = second

    def feed(self, data: bytes) -> bytes:
        """Take the next piece; give what may go on now."""
        return self._second.feed(self._first.feed(data))

    def finish(self) -> bytes:
        """The body has ended; give the rest."""
        return self._second.feed(self._first.finish()) + self._second.finish()
