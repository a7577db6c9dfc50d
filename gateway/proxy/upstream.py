"""One connection to an app: sends a request, parses the answer, tells the exchange.

    exchange ── start / write ──► socket ──► app
    exchange ◄─ answer / more / interim / broken ── llhttp ◄── socket

The connection goes back to its pool only after a clean and complete exchange: request sent to its end, answer ended by
its own framing, keep-alive, not one byte more. Anything else would hand one person's answer to another.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, cast

import httptools

from gateway.core.header_names import AnswerKind
from gateway.core.heads import framing_header
from gateway.core.messages import ResponseHead
from gateway.core.plain_answers import plain_head
from gateway.proxy.arrivals import plain_descriptor
from gateway.proxy.exchanges import Exchange, PlainExchange

if TYPE_CHECKING:
    from gateway.proxy.pool import Pool


_log = logging.getLogger("sekisho.lane")
_SWITCHED = 101
_READ = 65536


class UpstreamConnection(asyncio.Protocol):
    """A keep-alive connection, idle in the pool or in the hands of one exchange."""

    __slots__ = (
        "_bodiless", "_complete", "_data_seen", "_fault", "_head", "_head_bytes", "_headers", "_keep", "_left",
        "_parser", "_pieces", "_plain", "_pool", "_reason", "_reported", "_surplus", "_switching",
        "descriptor", "exchange", "idle_since", "paused", "request_sent", "reused", "transport",
    )  # fmt: skip

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.transport: asyncio.Transport | None = None
        self.exchange: Exchange | None = None
        self.idle_since = 0.0
        self.descriptor: int | None = None  # of its socket, while that may be read out of turn
        self.reused = False
        self.request_sent = False
        self._parser = self._new_parser()
        self._fault = ""
        self.paused = False
        self._plain: PlainExchange | None = None  # who takes a plain answer as it is, as long as this may be one
        self._left = 0  # of a plain answer's body
        self._reset(bodiless=False)

    def _new_parser(self) -> httptools.HttpResponseParser:
        parser = httptools.HttpResponseParser(self)
        # Old apps end header lines with LF alone and pad chunk sizes; every browser reads that the same way.
        parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True)
        return parser

    def _reset(self, *, bodiless: bool) -> None:
        self._head_bytes = 0  # as long as it is not whole; 1xx answers count, too
        self._bodiless = bodiless  # HEAD: the parser cannot be told, so the connection ends with the head
        self._head: ResponseHead | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._reason = b""
        self._pieces: list[bytes] = []
        self._complete = self._keep = self._surplus = self._reported = self._data_seen = self._switching = False

    def start(
        self,
        exchange: Exchange,
        data: bytes,
        *,
        head_only: bool,
        request_sent: bool,
        handshake: bool = False,
        plain: PlainExchange | None = None,
    ) -> None:
        """Send a request's head (and body as far as it is there). `handshake`: a 101 is an answer to it. `plain`:
        who takes an answer that is plain as it came; neither with `head_only` nor with `handshake`."""
        self.exchange = exchange
        self._plain = plain
        self.request_sent = request_sent
        self._reset(bodiless=head_only)
        self._switching = handshake
        if self.paused:
            self.resume_answer()
        if self.transport is not None:
            self.transport.write(data)

    def start_ready(self, exchange: PlainExchange, data: bytes) -> None:
        """Send a whole GET. A plain answer goes on as it came."""
        self.exchange = self._plain = exchange
        self.request_sent = True
        self._head = None
        self._data_seen = False
        if self.paused:
            self.resume_answer()
        if self.transport is not None:
            self.transport.write(data)

    def write(self, data: bytes, *, last: bool) -> None:
        """Send more of the request's body, framed by the caller."""
        self.request_sent = last
        if data and self.transport is not None:
            self.transport.write(data)

    def pause_answer(self) -> None:
        """The browser reads slowly."""
        if not self.paused and self.transport is not None and not self.transport.is_closing():
            self.paused = True
            self.transport.pause_reading()

    def resume_answer(self) -> None:
        """The browser takes more."""
        if self.paused and self.transport is not None and not self.transport.is_closing():
            self.paused = False
            self.transport.resume_reading()

    def detach(self) -> asyncio.Transport | None:
        """Give the transport away for good: it speaks no HTTP any more and counts in no pool. None: it is lost."""
        transport, self.transport, self.exchange = self.transport, None, None
        self._pool.lost(self)
        return transport

    def abort(self) -> None:
        """Drop everything at once: the browser has gone, or a time limit has passed."""
        self.exchange = None
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        transport = cast("asyncio.Transport", transport)  # uvloop's is none of its classes
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed by either side."""
        self._pool.lost(self)
        if exc is not None and self.exchange is not None:
            self._read_what_came()
        exchange, self.exchange = self.exchange, None
        self.transport = None
        if exchange is None:
            return
        if exc is None and self._head is not None and self._reported and self._ends_by_closing():
            exchange.more(b"", complete=True)
        else:
            exchange.broken("connection closed", untouched=self.reused and not self._data_seen)

    def read_now(self) -> None:
        """Take what has come, before its turn, asked for or not. An end, or a fault, is the loop's to find."""
        transport, number = self.transport, self.descriptor
        if self.paused or transport is None or transport.is_closing() or number is None:
            return
        try:
            self._take(number)
        except Exception:  # noqa: BLE001 - it is no fault of the request on whose way this is done
            _log.exception("an answer could not be passed on")
            self.close()

    def _read_what_came(self) -> None:
        """Take what has arrived already, where our write failed. An app may answer an upload early and hang up
        (RFC 9112 9.6). The loop gives up a connection whose write failed without reading on, but the socket is still
        open in here. Its end proves nothing: the write has used up the reset, so an answer without a length may have
        been broken off."""
        number = plain_descriptor(self.transport)
        while number is not None and self.exchange is not None and self._take(number):
            pass

    def _take(self, number: int) -> bool:
        """Read from the socket itself. False: there is nothing, or no more than the end."""
        try:
            data = os.read(number, _READ)
        except OSError:
            return False
        if data:
            self.data_received(data)
        return bool(data)

    def pause_writing(self) -> None:
        """The send buffer is full."""
        if self.exchange is not None:
            self.exchange.pause_upload()

    def resume_writing(self) -> None:
        """The send buffer has drained."""
        if self.exchange is not None:
            self.exchange.resume_upload()

    def data_received(self, data: bytes) -> None:
        """Parse, then report once per read: one write towards the browser for head and first part."""
        exchange = self.exchange
        if exchange is None:  # nobody asked: whatever it is, it must not meet the next request
            self.close()
            return
        plain = self._plain
        if plain is not None:
            if self._left:
                self._more_of_it(plain, data)
                return
            if not self._data_seen and self._passed_on(plain, data):
                return
        self._data_seen = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._switching and self._head is not None and self._head.status == _SWITCHED:
                exchange.switched(self._head, data[upgrade.args[0] :])
                return
            self._fault = "101 that nobody asked for"
        except httptools.HttpParserError as error:
            if self._complete:
                self._surplus = True
            else:
                self._fault = self._fault or f"malformed answer: {error}"
        if self._fault or (self._head is None and self._too_long(len(data))):
            self.exchange = None
            self.close()
            exchange.broken(self._fault, untouched=False)
        elif self._head is not None and self.exchange is not None:
            self._report(exchange, self._head)

    def _passed_on(self, plain: PlainExchange, data: bytes) -> bool:
        """Pass on what needs no parser: a plain head and its body. False: nothing was taken."""
        found = plain_head(data)
        if found is None:
            self._plain = None
            self._reset(bodiless=False)
            return False
        self._data_seen = True
        end, length, head = found
        left = length - len(data) + end
        if left > 0:
            self._left = left
            plain.plain(data, end, head, False)
            return True
        plain.plain(self._ended(data, left), end, head, True)
        return True

    def _more_of_it(self, plain: PlainExchange, data: bytes) -> None:
        left = self._left = self._left - len(data)
        if left > 0:
            plain.plain_more(data, False)
            return
        self._left = 0
        plain.plain_more(self._ended(data, left), True)

    def _ended(self, data: bytes, left: int) -> bytes:
        """A plain answer is whole. `left` below 0: bytes behind it, which must not meet the next request."""
        self._plain = None
        self._keep, self._surplus = True, left < 0
        self._end()
        return data[:left] if left < 0 else data

    def _too_long(self, more: int) -> bool:
        """Whether a head that has not ended in several reads goes on for too long."""
        self._head_bytes += more
        if self._head_bytes > self._pool.head_bytes:
            self._fault = "head longer than its limit"
        return bool(self._fault)

    def close(self) -> None:
        """Close and forget."""
        if self.transport is not None:
            self.transport.abort()

    def _report(self, exchange: Exchange, head: ResponseHead) -> None:
        pieces, self._pieces = self._pieces, []
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        complete = self._complete
        first, self._reported = not self._reported, True
        if complete:
            self._end()  # may hand this connection to whoever waits: from here on its state is theirs
        if first:
            exchange.answer(head, body, complete)
        elif body or complete:
            exchange.more(body, complete)

    def _end(self) -> None:
        """The answer is whole: back to the pool, or closed."""
        self.exchange = None
        # An app that sends a body after HEAD all the same would send it to whoever comes next.
        if self._keep and self.request_sent and not self._surplus and not self._bodiless:
            self._pool.give_back(self)
        else:
            self.close()

    def _ends_by_closing(self) -> bool:
        """RFC 9112 6.3: neither length nor chunks, so the end of the connection is the end of the body."""
        headers = tuple(self._headers)
        length, coding = (framing_header(headers, kind) for kind in (AnswerKind.LENGTH, AnswerKind.TRANSFER))
        return length is None and coding is None

    def on_message_begin(self) -> None:
        """A status line starts. After a complete answer it is surplus."""
        if self._complete:
            self._surplus = True
        self._headers = []
        self._reason = b""

    def on_status(self, reason: bytes) -> None:
        """Part of the reason phrase."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; trailers of a chunked body come this way, too, and end here."""
        if self._head is None:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        if self._complete:
            return
        status = self._parser.get_status_code()
        head = ResponseHead(status, self._reason, self._parser.get_http_version(), tuple(self._headers))
        if 100 < status < 200 and status != 101 and self.exchange is not None:
            self.exchange.interim(head)
        if status == _SWITCHED and self._switching:
            self._head = head
        if 99 < status < 200:
            return
        coding = framing_header(head.headers, AnswerKind.TRANSFER)
        if not 200 <= status < 600 or (coding is not None and coding.strip().lower() != b"chunked"):
            self._fault = "status or transfer coding that has no meaning"
            raise ValueError(self._fault)
        self._head = head
        if self._bodiless:
            self._complete = True

    def on_body(self, data: bytes) -> None:
        """Part of the body, without chunk framing."""
        if self._complete:
            self._surplus = True
        else:
            self._pieces.append(data)

    def on_message_complete(self) -> None:
        """The answer is whole. `should_keep_alive` is true to the message only inside this call."""
        if self._head is not None and not self._complete:
            self._complete = True
            self._keep = self._parser.should_keep_alive()
