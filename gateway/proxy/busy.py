"""Whom an overloaded lane turns away, and with what: answers prepared before they are needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gateway.core.doors import Doors
from gateway.core.messages import Answer, Headers, RequestHead
from gateway.core.navigation import is_navigation
from gateway.core.own_cookies import OwnCookies
from gateway.core.problems import ErrorPage, Problem
from gateway.core.target import parse_target

CANCEL = b"/.sekisho/cancel"
_ASKING = {True: (b"Accept", b"text/html"), False: (b"Accept", b"application/json")}
Language = Callable[[Headers], str]


class Busy:
    """`doors`: whose sign-outs go through at any time; `languages`: the pages' own, by header."""

    def __init__(
        self, doors: Doors, own: OwnCookies, error_page: ErrorPage, languages: tuple[str, ...], language_of: Language
    ) -> None:
        self._doors = doors
        self._session = own.session + b"="
        self._language_of = language_of
        self._answers: Mapping[tuple[bool, str], Answer] = {
            (page, language): error_page(Problem.BUSY, _head(page=page, language=language), "")
            for page in (True, False)
            for language in languages
        }

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

    def answer(self, head: RequestHead) -> Answer:
        """A page for a person, problem JSON for a script."""
        return self._answers[is_navigation(head), self._language_of(head.headers)]


def _head(*, page: bool, language: str) -> RequestHead:
    return RequestHead(b"GET", b"/", "1.1", (_ASKING[page], (b"Accept-Language", language.encode())))
