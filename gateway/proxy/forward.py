"""One forwarded request: takes a connection, streams the body up and the answer down, frames both anew.

Incoming ─ pieces ─► UpstreamConnection          browser ◄─ head and first part in one write ─ ResponsePlan
pauses when the app is slow ◄──        └─► pauses when the browser is slow

After a fault nothing half-made may look whole: what has begun is cut off hard.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from gateway.core.header_names import AnswerKind
from gateway.core.heads import framing_header
from gateway.core.messages import ResponseHead
from gateway.core.websocket import SWITCHING, accepts
from gateway.proxy import framing
from gateway.proxy.actions import BodyFilter, Forward, ResponsePlan
from gateway.proxy.asking import Asking
from gateway.proxy.intake import Incoming
from gateway.proxy.pool import Pool
from gateway.proxy.upstream import UpstreamConnection
from gateway.proxy.upstreams import Upstream

if TYPE_CHECKING:
    from gateway.proxy.client import ClientConnection
    from gateway.proxy.express import Ready

_log = logging.getLogger("sekisho.lane")
_REPEATABLE = frozenset((b"GET", b"HEAD", b"OPTIONS"))


class ForwardExchange(Asking):
    """Between one request and one answer. `waiting` until a connection is there."""

    __slots__ = (
        "_action", "_chunked", "_complete", "_failed", "_filter", "_head", "_held",
        "_incoming", "_no_body", "_pool", "_retried", "_upload_paused",
    )  # fmt: skip

    def __init__(
        self, client: ClientConnection, incoming: Incoming, action: Forward | Ready, pool: Pool | Upstream
    ) -> None:
        self._client = client
        self._incoming = incoming
        self._action = action
        self._pool = pool
        self._connection: UpstreamConnection | None = None
        self._head: ResponseHead | None = None
        self._held: list[bytes] = []  # body that came while the gate was still thinking about the head
        self._filter: BodyFilter | None = None
        self.answered = False
        self._complete = False  # the app's answer is whole
        self._chunked = self._keep = self._no_body = self._retried = self._upload_paused = self._failed = False
        self.waiting = False

    @property
    def uploading(self) -> bool:
        """Whether the browser's next bytes are what everybody waits for."""
        return self._action.body is None and not self._incoming.complete and not self._upload_paused

    @property
    def takes(self) -> bool:
        """Whether more of the request's body may be read."""
        return not self._upload_paused and (self._connection is not None or self._incoming.size < framing.BUFFER)

    def begin(self, *, fresh: bool = False) -> None:
        """Ask for a connection."""
        self.waiting = True
        self._pool.acquire(self, fresh=fresh)

    def taken(self, connection: UpstreamConnection) -> None:
        """A connection is there: send the head and what has come of the body."""
        self.waiting = False
        self._connection = connection
        action, incoming = self._action, self._incoming
        examined = incoming.examined
        chunked = examined.chunked and action.body is None
        frame = framing.body_framing(examined.length, examined.chunked, action.body, action.method)
        try:
            head = framing.request_head(action.method, action.target, (*action.headers, *frame))
        except ValueError:
            _log.exception("the gate gave a head with a line break")
            self.cancel()
            self._fail(timed_out=False)
            return
        if action.body is not None:
            body, last = action.body, True
        else:
            body, last = self._upload_piece(chunked), incoming.complete
            if examined.expects_continue and not last and not body:
                self._client.write(framing.CONTINUE)
        head_only = action.method == b"HEAD"
        data = head + body if body else head
        handshake = action.still is not None
        plain = self if action.plain and not head_only and not handshake and self._speaks_1_1 else None
        connection.start(self, data, head_only=head_only, request_sent=last, handshake=handshake, plain=plain)
        self._client.progress()  # what waited for a connection is on its way: read on

    def adopt(self, connection: UpstreamConnection | None) -> None:
        """Take over a request that is out already; `connection`: where the rest of its answer will come from."""
        self._connection = connection
        if connection is not None:
            connection.exchange = self

    def unavailable(self, cause: str, *, timed_out: bool) -> None:
        """The app cannot be reached."""
        _log.warning("upstream %s: %s", self._action.upstream, cause)
        self.waiting = False
        self._fail(timed_out=timed_out)

    def crowded(self) -> None:
        """Too many wait for the app already."""
        self.waiting = False
        self._client.crowded(self._action.upstream)

    @property
    def cookies(self) -> bytes:
        """See Taker."""
        return b"\n".join(value for name, value in self._action.headers if name == b"Cookie")

    def upload(self) -> None:
        """More of the request's body has come."""
        connection = self._connection
        if connection is None or self._action.body is not None or connection.request_sent:
            return
        data = self._upload_piece(self._incoming.examined.chunked)
        if data or self._incoming.complete:
            connection.write(data, last=self._incoming.complete)

    def _upload_piece(self, chunked: bool) -> bytes:
        incoming = self._incoming
        body = incoming.take() if incoming.pieces else b""
        if not chunked:
            return body
        return framing.chunk(body) + (framing.LAST_CHUNK if incoming.complete else b"")

    def resume_answer(self) -> None:
        """The browser takes more."""
        if self._connection is not None and (self.answered or self._head is None):
            self._connection.resume_answer()

    def pause_upload(self) -> None:
        """The app reads slowly."""
        self._upload_paused = True
        self._client.progress()

    def resume_upload(self) -> None:
        """The app takes more."""
        self._upload_paused = False
        self._client.progress()

    def interim(self, head: ResponseHead) -> None:
        """Ends here, 103 too: cookies and session IDs in its links would pass the vault by."""

    def switched(self, head: ResponseHead, rest: bytes) -> None:
        """The app opens the WebSocket: the gate says what of the head goes on, then bytes flow both ways."""
        asked = self._incoming.head
        if asked is None or not accepts(asked, head):
            self.cancel()
            _log.warning("upstream %s: a 101 that does not fit the handshake", self._action.upstream)
            self._fail(timed_out=False)
            return
        if self._connection is not None:
            self._connection.pause_answer()
        self.answer(head, rest, complete=False)

    def _tunnel(self, plan: ResponsePlan, rest: bytes) -> None:
        connection, still = self._connection, self._action.still
        transport = None if connection is None else connection.detach()
        self._connection = None
        if transport is None or still is None:
            self._fail(timed_out=False)
            return
        try:
            data = framing.answer_head(101, b"Switching Protocols", (*plan.headers, *SWITCHING))
        except ValueError:
            _log.exception("an answer's head holds a line break")
            transport.abort()
            self._fail(timed_out=False)
            return
        self._client.switch(transport, still, data, rest)

    def answer(self, head: ResponseHead, body: bytes, complete: bool) -> None:
        """The head came; the gate says how it goes on."""
        self._head = head
        self._note_end(complete)
        try:
            plan = self._action.on_response(head)
        except Exception:  # noqa: BLE001 - a fault in the gate must end in a refusal, whatever it is
            _log.exception("the gate failed on an answer")
            self._spoil()
            return
        if type(plan) is ResponsePlan:
            self._answer(plan, body)
            return
        self._held.append(body)
        if self._connection is not None:
            self._connection.pause_answer()
        self._client.spawn(self._when_planned(asyncio.ensure_future(plan)))  # type: ignore[arg-type]

    async def _when_planned(self, plan: asyncio.Future[ResponsePlan]) -> None:
        try:
            ready = await plan
        except Exception:  # noqa: BLE001 - a fault in the gate must end in a refusal, whatever it is
            _log.exception("the gate failed on an answer")
            self._spoil()
            return
        if self._failed:
            self._fail(timed_out=False)
        elif not self._client.gone:
            body, self._held = b"".join(self._held), []
            if self._connection is not None:
                self._connection.resume_answer()
            self._answer(ready, body)

    def _answer(self, plan: ResponsePlan, body: bytes) -> None:
        head = self._head
        assert head is not None
        asked = self._incoming.head
        assert asked is not None
        if head.status == 101:
            self._tunnel(plan, body)
            return
        headers = list(plan.headers)
        length = framing_header(head.headers, AnswerKind.LENGTH)
        self._keep = self._keeps()
        self._no_body = asked.method == b"HEAD" or head.status in (204, 304)
        self._filter = None if self._no_body else plan.body_filter
        if self._no_body:
            if length is not None and head.status != 204:
                headers.append((b"Content-Length", length.strip()))
        elif length is not None and self._filter is None:
            headers.append((b"Content-Length", length.strip()))
        elif asked.version == "1.1":
            self._chunked = True
            headers.append(framing.CHUNKED)
        else:
            self._keep = False
        connection = framing.connection_header(asked.version, keep=self._keep)
        if connection is not None:
            headers.append(connection)
        try:
            data = framing.answer_head(head.status, head.reason, headers)
        except ValueError:
            _log.exception("an answer's head holds a line break")
            self._spoil()
            return
        self.answered = True
        self._send(data, body)

    @property
    def _speaks_1_1(self) -> bool:
        head = self._incoming.head
        return head is not None and head.version == "1.1"

    def _keeps(self) -> bool:
        # An answer before the request's end: what is still to come could not be told from the next request.
        incoming = self._incoming
        return incoming.keep_alive and incoming.complete and not self._client.draining

    def more(self, body: bytes, complete: bool) -> None:
        """More of the answer, or its end."""
        self._note_end(complete)
        if self.answered:
            self._send(b"", body)
        else:
            self._held.append(body)

    def broken(self, cause: str, *, untouched: bool) -> None:
        """The app died. What the browser has seen of the answer must not look complete."""
        self._connection = None
        incoming = self._incoming
        bodiless = not incoming.examined.has_body and not self._action.body
        if untouched and not self._retried and bodiless and self._action.method in _REPEATABLE:
            self._retried = True
            self.begin(fresh=True)
            return
        _log.warning("upstream %s: %s", self._action.upstream, cause)
        if self._head is not None and not self.answered:
            self._failed = True  # the gate is still thinking; told when it is done
        else:
            self._fail(timed_out=False)

    def _note_end(self, complete: bool) -> None:
        if complete:
            self._complete = True
            self._connection = None

    def _send(self, head: bytes, body: bytes) -> None:
        complete = self._complete
        if self._no_body:
            body = b""
        elif self._filter is not None:
            try:
                body = self._filter.feed(body) + (self._filter.finish() if complete else b"")
            except Exception:  # noqa: BLE001 - a fault in the gate must end in a refusal, whatever it is
                _log.exception("a body filter failed")
                self._spoil()
                return
        if self._chunked:
            body = framing.chunk(body) + (framing.LAST_CHUNK if complete else b"")
        if head or body:
            self._client.write(head + body if body else head)
        if complete:
            self._client.finished(keep=self._keep)
        else:
            self._client.progress()

    def _spoil(self) -> None:
        self.cancel()
        self._fail(timed_out=False)

    def _fail(self, *, timed_out: bool) -> None:
        self._client.failed(self._action.upstream, answered=self.answered, timed_out=timed_out)
