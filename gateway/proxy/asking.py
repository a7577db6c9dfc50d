"""What every exchange with an app has in common: a connection that it waits for, has, and can do without, and an answer
that goes on to the browser as it came."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from gateway.core.plain_answers import closing_head
from gateway.proxy.upstream import UpstreamConnection

if TYPE_CHECKING:
    from gateway.proxy.client import ClientConnection


class Asking(ABC):
    """Between one request and its answer. `waiting` until a connection is there; `answered` when something of the
    answer is on its way to the browser."""

    __slots__ = ("_client", "_connection", "_keep", "answered", "waiting")

    _client: ClientConnection
    _connection: UpstreamConnection | None
    _keep: bool
    answered: bool
    waiting: bool

    def cancel(self) -> None:
        """The browser has gone: the connection is of no use to anybody else."""
        self.waiting = False
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()

    def time_out(self) -> None:
        """The app has taken too long."""
        self.cancel()
        self._fail(timed_out=True)

    def pause_answer(self) -> None:
        """The browser reads slowly."""
        if self._connection is not None:
            self._connection.pause_answer()

    def plain(self, data: bytes, end: int, head: bytes | None, complete: bool) -> None:
        """The beginning of an answer that goes on as it is: its head up to `end`, or in its stead `head`."""
        self.answered = True
        keep = self._keep = self._keeps()
        if not keep:
            data = closing_head(head or data[:end]) + data[end:]
        elif head is not None:
            data = head + data[end:]
        self._plainly(data, complete)

    def plain_more(self, data: bytes, complete: bool) -> None:
        """More of its body."""
        self._plainly(data, complete)

    def _plainly(self, data: bytes, complete: bool) -> None:
        client = self._client
        if complete:  # before writing: a browser that is slow from here on pauses a connection that is others' already
            self._connection = None
        client.write(data)
        if complete:
            client.finished(keep=self._keep)
        else:
            client.progress()

    @abstractmethod
    def _keeps(self) -> bool:
        """Whether the browser's connection stays open after an answer that begins now."""

    @abstractmethod
    def _fail(self, *, timed_out: bool) -> None:
        """No whole answer will come: the browser is told, or cut off."""
