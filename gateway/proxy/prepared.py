"""Answers made before they are needed: for what is asked most when there is least time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

from gateway.core.messages import Answer, Headers, RequestHead
from gateway.core.navigation import is_navigation
from gateway.core.problems import ErrorPage, Problem
from gateway.proxy import framing

_ASKING = {True: (b"Accept", b"text/html"), False: (b"Accept", b"application/json")}
_Kind = tuple[bool, bool, str]  # a page or not; GET or not; its language
Language = Callable[[Headers], str]


class Prepared:
    """One problem: a page for a person, problem JSON for a script, in each of the pages' `languages`."""

    def __init__(
        self,
        problem: Problem,
        error_page: ErrorPage,
        languages: Sequence[str],
        language_of: Language,
    ) -> None:
        """`language_of` chooses one by the browser's headers."""
        self._language_of = language_of
        self._answers: Mapping[_Kind, Answer] = {
            (page, get, language): error_page(problem, _head(page=page, get=get, language=language), "")
            for page, get in product((True, False), repeat=2)
            for language in languages
        }
        self._framed = {
            kind: framing.whole_answer(answer, head_only=False, connection=None)
            for kind, answer in self._answers.items()
        }

    def answer(self, head: RequestHead) -> Answer:
        """What this browser or script gets."""
        return self._answers[self._kind(head)]

    def framed(self, head: RequestHead) -> bytes:
        """The same as bytes, to one who asked with HTTP/1.1 for more than a head; the connection stays open."""
        return self._framed[self._kind(head)]

    def _kind(self, head: RequestHead) -> _Kind:
        return is_navigation(head), head.method == b"GET", self._language_of(head.headers)


def _head(*, page: bool, get: bool, language: str) -> RequestHead:
    headers = (_ASKING[page], (b"Accept-Language", language.encode()))
    return RequestHead(b"GET" if get else b"POST", b"/", "1.1", headers)
