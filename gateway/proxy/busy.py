"""Whom an overloaded lane turns away, and with what."""

from __future__ import annotations

from gateway.core.doors import Doors
from gateway.core.messages import Answer, RequestHead
from gateway.core.own_cookies import OwnCookies
from gateway.core.target import parse_target
from gateway.proxy.prepared import Prepared

CANCEL = b"/.sekisho/cancel"


class Busy:
    """`doors`: whose sign-outs go through at any time."""

    def __init__(self, doors: Doors, own: OwnCookies, answers: Prepared) -> None:
        self._doors = doors
        self._session = own.session + b"="
        self._answers = answers

    def answer(self, head: RequestHead) -> Answer:
        """What whoever is turned away gets."""
        return self._answers.answer(head)

    def framed(self, head: RequestHead) -> bytes:
        """The same as bytes, for a connection that stays open."""
        return self._answers.framed(head)

    def spared(self, head: RequestHead) -> bool:
        """Whoever wants to end a session may: in a hurry people leave machines that others use next."""
        target = parse_target(head.target)
        return target.path == CANCEL or self._doors.sign_out(head.method, target.path, target.query) is not None

    def known(self, head: RequestHead) -> bool:
        """Whether it brings a session cookie. Whether that is a session is not asked: this must cost nothing."""
        for name, value in head.headers:
            if len(name) == 6 and self._session in value and name.lower() == b"cookie":
                return True
        return False
