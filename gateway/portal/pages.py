"""From a view model to the bytes of a page, and from a problem to an answer for the lane."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from gateway.config.settings import Service
from gateway.core.messages import Answer, Headers, RequestHead, header_values
from gateway.core.navigation import is_navigation
from gateway.core.problems import Problem
from gateway.portal import days, moments
from gateway.portal.assets import Assets
from gateway.portal.headers import page_headers
from gateway.portal.problems import NATURES, Nature, problem_json
from gateway.portal.qr import qr_svg
from gateway.portal.views import Frame, Message, ProblemView, View, template_of
from gateway.portal.words import CATALOGUES, preferred_language
from gateway.portal.wrapping import whole

TEMPLATES = Path(__file__).parent / "templates"
HTML = "text/html; charset=utf-8"
_PLAIN_ADDRESS = re.compile(rb"/(?!/)[!-\[\]-~]*")
_CHALLENGE = b'Sekisho realm="sign-in"'
_ACTIONS = {
    Problem.EXPIRED: "problem.sign-in",
    Problem.SIGN_IN_DUE: "problem.sign-in",
    Problem.PAUSED: "problem.sign-in",
    Problem.CODE_DUE: "problem.step-up",
    Problem.CHOICE_DUE: "problem.choice",
    Problem.TOO_LARGE: "problem.step-up",
    Problem.FORM_STALE: "problem.again",
    Problem.UPSTREAM_DOWN: "problem.again",
    Problem.UPSTREAM_SLOW: "problem.again",
    Problem.STORE_DOWN: "problem.again",
    Problem.BUSY: "problem.again",
    Problem.NOT_FOUND: "problem.home",
    Problem.REFUSED: "problem.home",
}


class Renderer:
    """Renders every page of one service. Safe to share between tasks; holds no state of a request.

    Raises ValueError for a colour or logo that cannot be used. `framed`: some app signs people in inside a frame
    of its own origin, so that the pages must be allowed there.
    """

    def __init__(
        self,
        service: Service,
        clock: Callable[[], float],
        *,
        framed: bool = False,
        secure: bool = True,
    ) -> None:
        self.service = service
        self.assets = Assets(service.colour, service.logo)
        self.headers = page_headers(framed=framed, secure=secure)
        self._clock = clock
        self._sentences = dict(service.sentences)
        folders = ([service.templates] if service.templates is not None else []) + [TEMPLATES]
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters["whole"] = whole

    def page(self, view: View, language: str, reference: str = "") -> str:
        """The HTML of a page. `language` is one of `words.LANGUAGES`."""
        template = self._environment.get_template(template_of(view))
        return template.render(view=view, frame=self._frame(view.name, language, reference), **self._helpers(language))

    def error_answer(
        self,
        problem: Problem,
        head: RequestHead | None,
        reference: str,
        *,
        status: int | None = None,
        reason: str = "",
        action: str = "",
        code_page: str = "",
    ) -> Answer:
        """The answer to a request that cannot go on, for the lane to send as it stands.

        A navigation gets a page, a script problem JSON (RFC 9457); neither is ever redirected from here (C6).
        `status` replaces the problem's own; `reason` is the decision's word for scripts; `action` is the address of
        the page's button; `code_page` tells a script where a person can go on. `head` None: nothing could be read.
        """
        nature = NATURES[problem]
        status = status or nature.status
        if head is not None and not is_navigation(head):
            body = problem_json(problem, status, reason or problem.value, reference, code_page)
            return self._answer(status, nature, b"application/problem+json", body)
        action = action or code_page or _same_page(problem, head) or _top_page(problem, head)
        anywhere = problem is Problem.BUSY and head is not None and head.method == b"GET"
        label = Message(_ACTIONS[problem]) if (action or anywhere) and problem in _ACTIONS else None
        language = language_of(head.headers if head is not None else ())
        html = self.page(ProblemView(problem.value, action, label), language, reference)
        return self._answer(status, nature, HTML.encode(), html.encode())

    def _answer(self, status: int, nature: Nature, media_type: bytes, body: bytes) -> Answer:
        headers = [(b"Content-Type", media_type), (b"Vary", b"Accept-Language, Sec-Fetch-Mode, Accept")]
        headers += [(name.encode(), value.encode()) for name, value in self.headers]
        if nature.retry_after:
            headers.append((b"Retry-After", str(nature.retry_after).encode()))
        if nature.challenge:
            headers.append((b"WWW-Authenticate", _CHALLENGE))
        return Answer(status, HTTPStatus(status).phrase.encode(), tuple(headers), body)

    def _frame(self, name: str, language: str, reference: str) -> Frame:
        service, support = self.service, self.service.support
        return Frame(
            language=language,
            service=service.name,
            operator=service.operator,
            logo=self.assets.logo.address if self.assets.logo is not None else "",
            icon=self.assets.icon.address,
            style=self.assets.style.address,
            office_style=self.assets.office_style.address,
            help_style=self.assets.help_style.address,
            script=self.assets.script.address,
            sentence=self._sentences.get(name, ""),
            reference=reference,
            support_name=support.name,
            support_phone=support.phone,
            support_hours=support.hours,
            support_url=support.url,
            support_mail=support.mail,
        )

    def _helpers(self, language: str) -> dict[str, Callable[..., str]]:
        zone = self.service.time_zone
        now = self._clock()
        return {
            "t": partial(translate, language),
            "qr": qr_svg,
            "moment": lambda seconds: moments.moment(seconds, zone, language),
            "clock": lambda seconds: moments.clock(seconds, now, zone, language),
            "day": lambda seconds: days.day(seconds, zone, language),
            "short_day": lambda seconds: days.short_day(seconds, zone, language),
        }


def translate(language: str, said: str | Message, **values: float | str) -> str:
    """A sentence with its gaps filled; `length` is given in seconds. A key or gap that does not exist: KeyError."""
    key = said
    if isinstance(said, Message):
        key, values = said.key, dict(said.values)
    length = values.get("length")
    if isinstance(length, int | float):
        values["length"] = moments.length(length, language)
    return CATALOGUES[language][str(key)].format(**values)


def language_of(headers: Headers) -> str:
    """The page language for these request headers."""
    accepted = b",".join(header_values(headers, b"accept-language"))
    return preferred_language(accepted.decode("latin-1"))


def _same_page(problem: Problem, head: RequestHead | None) -> str:
    """What may work in a moment is offered again, if asking again changes nothing and the address is a plain one. The
    busy page is made beforehand, for all addresses: its link is empty, which leads to where it stands."""
    if head is None or head.method != b"GET" or _ACTIONS.get(problem) != "problem.again" or problem is Problem.BUSY:
        return ""
    return head.target.decode("ascii") if _PLAIN_ADDRESS.fullmatch(head.target) else ""


def _top_page(problem: Problem, head: RequestHead | None) -> str:
    """Where whoever is at a wrong address goes on, unless it is the very address that they asked for."""
    wrong = head is not None and _ACTIONS.get(problem) == "problem.home" and head.target.partition(b"?")[0] != b"/"
    return "/" if wrong else ""
