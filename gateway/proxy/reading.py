"""A request's body in memory, for a gate that must see it before it decides."""

from __future__ import annotations

from collections.abc import Awaitable

from gateway.proxy.actions import Action, ReadBody
from gateway.proxy.intake import Incoming


class BodyReading:
    """Gathers up to the limit; `step` gives what to do once that is known."""

    __slots__ = ("_action", "_body")

    def __init__(self, action: ReadBody) -> None:
        self._action = action
        self._body = bytearray()

    @property
    def body(self) -> bytes:
        """What has been read."""
        return bytes(self._body)

    def too_long(self, incoming: Incoming) -> bool:
        """Whether the client announces more than the limit: then nothing is read, and no 100 sent."""
        length = incoming.examined.length
        return length is not None and int(length) > self._action.limit

    def refused(self) -> Action:
        """What a body beyond the limit gets."""
        return self._action.too_large()

    def step(self, incoming: Incoming) -> Action | Awaitable[Action] | None:
        """Take what has come; None while more is needed."""
        self._body += incoming.take()
        if len(self._body) > self._action.limit:
            return self.refused()
        return self._action.then(self.body) if incoming.complete else None
