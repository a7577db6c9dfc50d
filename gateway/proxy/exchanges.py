"""What a connection to an app tells whoever asked."""

from __future__ import annotations

from typing import Protocol

from gateway.core.messages import ResponseHead


class Exchange(Protocol):
    """Who asked. After `answer` or `more` with complete=True, or `broken`, the connection knows it no longer."""

    def interim(self, head: ResponseHead) -> None:
        """A 1xx answer came; the real one follows."""

    def answer(self, head: ResponseHead, body: bytes, complete: bool) -> None:
        """The head came, with what of the body came along."""

    def more(self, body: bytes, complete: bool) -> None:
        """More of the body, or its end."""

    def switched(self, head: ResponseHead, rest: bytes) -> None:
        """The app answers 101 to the handshake that was sent; `rest` came behind it. The exchange detaches the
        connection or aborts it."""

    def broken(self, cause: str, *, untouched: bool) -> None:
        """No (complete) answer. `untouched`: a reused connection ended before any byte of one."""

    def pause_upload(self) -> None:
        """The app reads slowly."""

    def resume_upload(self) -> None:
        """The app takes more."""


class PlainExchange(Exchange, Protocol):
    """An exchange that passes plain answers on as they are."""

    def plain(self, data: bytes, end: int, head: bytes | None, complete: bool) -> None:
        """The beginning of an answer that goes on as it is: its head up to `end`, or in its stead `head`."""

    def plain_more(self, data: bytes, complete: bool) -> None:
        """More of its body."""
