"""One browser connection: one request at a time, in order, each judged by the gate before anything else happens.

    bytes ─► Intake ─ queue ─► admit ─┬─► Forward ─► ForwardExchange ─► answer ─► next of the queue
                                 ▲    ├─► Reply ────────────────────────┘
                                 │    └─► Undecided ─┐
                                 └──── decided ──────┘

The short way passes all that by: bytes ─► shortcut ─► ShortExchange ─► answer. What becomes of the connection itself
(read on or not, closed, moved to another lane) is the wire's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from gateway.core.messages import Answer, RequestHead
from gateway.proxy import framing
from gateway.proxy.actions import Action, Forward, Peer, Reply, Turned
from gateway.proxy.forward import ForwardExchange
from gateway.proxy.intake import PLAIN, Incoming, Intake
from gateway.proxy.shared import FAULT, Shared
from gateway.proxy.short import ShortExchange
from gateway.proxy.tunnel import Still, Tunnel
from gateway.proxy.undecided import Undecided
from gateway.proxy.wire import Wire

if TYPE_CHECKING:
    from gateway.proxy.express import Short

_log = logging.getLogger("sekisho.lane")


class ClientConnection(Wire):
    """A browser's (or a load balancer's) connection."""

    __slots__ = ("_advancing", "_between", "_current", "_exchange", "_intake", "_served", "_undecided")

    def __init__(self, shared: Shared, peer: Peer) -> None:
        super().__init__(shared, peer)
        self._intake = Intake(shared.limits)
        self._current: Incoming | None = None
        self._undecided: Undecided | None = None
        self._exchange: ForwardExchange | ShortExchange | None = None
        self._advancing = self._served = False
        self._between = True  # all that came has been served, and the parser stands between two requests

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return self._current is None and not self._intake.head_open and not self._closing

    @property
    def uploading(self) -> bool:
        """Whether the browser's next bytes are what everybody waits for."""
        exchange = self._exchange
        return self._gate_reads if exchange is None else exchange.uploading

    def progress(self) -> None:
        """Something moved: the time limits start anew, reading may pause or go on."""
        exchange = self._exchange
        if exchange is not None:
            limits = self._shared.limits
            if exchange.uploading or self._write_paused:
                seconds = limits.body_idle_seconds
            else:
                seconds = limits.answer_idle_seconds if exchange.answered else limits.answer_seconds
            self.deadline = self._shared.sweep.after(seconds)
        self._adjust()

    def finished(self, *, keep: bool) -> None:
        """The answer is out."""
        shared = self._shared
        if self._between and keep and shared.successor is None:
            self._exchange = self._current = None
            self.deadline = shared.sweep.after(shared.idle_seconds)
            return
        current, self._exchange, self._current = self._current, None, None
        self._undecided = None
        self._served = True
        if self._intake.queue and self._intake.queue[0] is current:
            self._intake.queue.popleft()
        if not keep:
            self._close(linger=True)  # pipelined requests may be unread, too
            return
        if self._shared.successor is not None:
            self._move(self._shared.successor)
        self._idle()
        if self._intake.queue or self._intake.full:
            self._advance()
        else:
            self._between = self._intake.between

    def switch(self, app: asyncio.Transport, still: Still, head: bytes, rest: bytes) -> None:
        """The app has accepted a WebSocket: this connection and that one are a tunnel from here on."""
        transport, self._exchange, shared = self._transport, None, self._shared
        self.connection_lost(None)
        if transport is None or transport.is_closing():
            app.abort()
            return
        tunnel = Tunnel(transport, app, still, shared.tunnels)
        tunnel.open(self._intake.take_rest(), head + rest, browser_slow=self._write_paused)

    def failed(self, app: str, *, answered: bool, timed_out: bool) -> None:
        """No whole answer. What has begun is cut off hard, so that it can't be taken for complete."""
        self._exchange = None
        if answered or self.gone:
            self.abort()
            return
        answer = self._shared.gate.failure(self._head, self._peer, app, timed_out=timed_out)
        self._reply(answer, close=False)

    def crowded(self, app: str) -> None:
        """Too many wait for the app already: no use in waiting, too."""
        self._exchange = None
        self._reply(self._shared.gate.crowded(self._head, self._peer, app), close=False)

    def decided(self, action: Action | Awaitable[Action]) -> None:
        """The gate has seen or asked what it had to."""
        if not self.gone and not self._closing:
            self._act(action)
            self._advance()

    def connection_lost(self, exc: Exception | None) -> None:
        """The browser has gone; what runs for it upstream ends, what runs in the gate does not."""
        super().connection_lost(exc)
        self._drop_exchange()
        self._undecided = None

    def data_received(self, data: bytes) -> None:
        """More of a request, or the next one."""
        if self._closing:
            return
        intake = self._intake
        if self._between and self._current is None and not self._write_paused:
            try:
                short = self._shared.shortcut(data, self._peer)
            except Exception:  # noqa: BLE001 - a fault in the gate must end in the long way, which judges anew
                _log.exception("the gate failed on the short way")
                short = None
            if short is not None:
                self._go_short(short)
                return
        self._between = False
        had_head = intake.head_open
        intake.feed(data)
        if self._current is None and intake.head_open and not had_head and not intake.queue and self._served:
            self.deadline = self._shared.sweep.after(self._shared.limits.head_seconds)
        self._advance()

    def pause_writing(self) -> None:
        """The browser reads slowly."""
        self._write_paused = True
        if self._exchange is not None:
            self._exchange.pause_answer()
            self.progress()

    def resume_writing(self) -> None:
        """The browser takes more."""
        self._write_paused = False
        if self._exchange is not None:
            self._exchange.resume_answer()
            self.progress()
        elif not self._closing:
            self._advance()

    def on_deadline(self) -> None:
        """Somebody has taken too long: the browser (408, or cut off) or the app (504, or cut off)."""
        exchange, current = self._exchange, self._current
        if self._closing or self._write_paused:
            self._cut_unless_read()
        elif exchange is not None and not exchange.uploading:
            exchange.time_out()
        elif current is not None or self._intake.head_open:
            answered = exchange is not None and exchange.answered
            self._drop_exchange()
            if answered:
                self.abort()
            else:
                self._refuse(408, "too-slow")
        else:
            self._close(linger=False)

    def drain(self) -> None:
        """Go away soon, or over to the lane that follows this one. What says nothing is kept for the lane's idle time:
        its next request may be on its way already, and a closed connection would lose that."""
        if self._current is not None or self._closing:
            return
        if self._shared.successor is not None:
            self._move(self._shared.successor)
        elif not self._intake.head_open:
            self.deadline = min(self.deadline, self._shared.sweep.after(self._shared.idle_seconds))

    @property
    def _head(self) -> RequestHead:
        current = self._current
        return _NO_HEAD if current is None or current.head is None else current.head

    def _advance(self) -> None:
        """Serve what is in the queue; a loop, so that a thousand pipelined requests do not nest."""
        if self._advancing:
            return
        self._advancing = True
        try:
            while not self._closing and not self.gone:
                if self._current is not None:
                    self._continue(self._current)
                    break
                self._intake.pump()
                if not self._intake.queue or self._write_paused or self._rests():
                    break
                self._current = self._intake.queue[0]
                self._begin(self._current)
                if self._current is not None:
                    break
        finally:
            self._advancing = False
        self._adjust()

    def _wake(self) -> None:
        """The rest is over: on with what came before it, then with what comes."""
        super()._wake()
        self._advance()

    def _begin(self, incoming: Incoming) -> None:
        if incoming.refusal is not None or incoming.head is None:
            refusal = incoming.refusal
            self._refuse(refusal.status if refusal else 400, refusal.word if refusal else "syntax")
            return
        self._act(self._shared.gate.admit(incoming.head, self._peer, incoming.examined.has_body))

    def _continue(self, incoming: Incoming) -> None:
        """More has come of the request that is being served."""
        if incoming.refusal is not None:
            answered = self._exchange is not None and self._exchange.answered
            self._drop_exchange()
            if answered or (self._undecided is not None and self._undecided.thinking):
                self.abort()
            else:
                self._refuse(incoming.refusal.status, incoming.refusal.word)
        elif self._exchange is not None:
            if incoming.pieces or incoming.complete:
                self._exchange.upload()
                self.progress()
        elif self._undecided is not None:
            self._undecided.gather()

    def _act(self, action: Action | Awaitable[Action]) -> None:
        if isinstance(action, Forward):
            self._forward(action)
        elif isinstance(action, Reply):
            self._reply(action.answer, close=action.close)
            if action.rest and not self._closing:
                self._rest(action.rest)
        else:
            if self._undecided is None:
                assert self._current is not None
                self._undecided = Undecided(self, self._shared, self._current)
            self._undecided.pursue(action)

    def _forward(self, action: Forward) -> None:
        current = self._current
        pool = self._shared.pools.get(action.upstream)
        if pool is None or current is None:
            _log.error("no upstream is called %s", action.upstream)
            self.failed(action.upstream, answered=False, timed_out=False)
            return
        if action.body is None and self._undecided is not None:
            action.body = self._undecided.body
        exchange = self._exchange = ForwardExchange(self, current, action, pool)
        exchange.begin()
        if exchange.waiting:
            self.progress()

    def _go_short(self, short: Short | Turned) -> None:
        """One whole request came that needs no parsing and no judging."""
        if isinstance(short, Turned):
            self._turn_away(short)
            return
        shared = self._shared
        self._current = PLAIN
        self._served = True
        exchange = self._exchange = ShortExchange(self, short, pool := shared.pools[short[1].upstream])
        self.deadline = shared.sweep.after(shared.limits.answer_seconds)
        pool.acquire(exchange)

    def _turn_away(self, turned: Turned) -> None:
        self._served = True
        self.write(turned.data)
        self.finished(keep=True)
        if turned.rest:
            self._rest(turned.rest)

    def hand_over(self, incoming: Incoming, exchange: ForwardExchange | None) -> None:
        """What came the short way goes on by the long one."""
        self._current, self._exchange = incoming, exchange

    def _refuse(self, status: int, word: str) -> None:
        """No proper request: the gate's answer, then the end of the connection."""
        current = self._current
        head = None if current is None else current.head
        self._intake.dead = True
        self._reply(self._shared.gate.refusal(status, word, head, self._peer), close=True)

    def _reply(self, answer: Answer, *, close: bool) -> None:
        current = self._current
        whole = current is not None and current.complete
        keep = whole and not close and current is not None and current.keep_alive and not self.draining
        try:
            data = framing.whole_answer(
                answer,
                head_only=self._head.method == b"HEAD",
                connection=framing.connection_header(self._head.version, keep=keep),
            )
        except ValueError:
            _log.exception("an answer's head holds a line break")
            data, keep = framing.whole_answer(FAULT, head_only=False, connection=framing.CLOSE), False
        self.write(data)
        self.finished(keep=keep)

    def _idle(self) -> None:
        shared = self._shared
        seconds = shared.limits.head_seconds if self._intake.head_open else shared.idle_seconds
        self.deadline = shared.sweep.after(seconds)

    @property
    def _gate_reads(self) -> bool:
        return self._undecided is not None and self._undecided.reading

    def _wants_more(self) -> bool:
        """Whether there is room for more of what the browser sends."""
        current, exchange = self._current, self._exchange
        if self._intake.full:
            return False
        if exchange is not None:
            return exchange.takes
        return current is None or self._gate_reads or current.size < framing.BUFFER

    def _drop_exchange(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.cancel()


_NO_HEAD = RequestHead(b"GET", b"/", "1.1", ())
