"""What every exchange with an app has in common: a connection that it waits for, has, and can do without."""

from __future__ import annotations

from abc import ABC, abstractmethod

from gateway.proxy.upstream import UpstreamConnection


class Asking(ABC):
    """Between one request and its answer. `waiting` until a connection is there."""

    __slots__ = ("_connection", "waiting")

    _connection: UpstreamConnection | None
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

    @abstractmethod
    def _fail(self, *, timed_out: bool) -> None:
        """No whole answer will come: the browser is told, or cut off."""
