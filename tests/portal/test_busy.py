"""What an overloaded lane says: prepared once, a page in the person's language or problem JSON."""

from __future__ import annotations

import json
import time

import pytest

from gateway.config.settings import Service
from gateway.core.doors import Doors
from gateway.core.messages import RequestHead, first_header
from gateway.core.own_cookies import OwnCookies
from gateway.core.problems import Problem
from gateway.portal.pages import Renderer, language_of
from gateway.portal.words import LANGUAGES
from gateway.proxy.busy import Busy
from gateway.proxy.prepared import Prepared


def busy() -> Busy:
    renderer = Renderer(Service("Payroll"), time.monotonic)
    answers = Prepared(Problem.BUSY, renderer.error_answer, LANGUAGES, language_of)
    return Busy(Doors((), ()), OwnCookies(secure=True), answers)


def head(*headers: tuple[bytes, bytes]) -> RequestHead:
    return RequestHead(b"GET", b"/top", "1.1", headers)


@pytest.mark.parametrize(
    ("wanted", "language", "title"),
    [(b"ja,en;q=0.5", "ja", "混み合っています"), (b"en-GB", "en", "The service is very busy")],
)
def test_a_person_gets_a_page_in_their_language(wanted: bytes, language: str, title: str) -> None:
    answer = busy().answer(head((b"Sec-Fetch-Mode", b"navigate"), (b"Accept-Language", wanted)))
    assert (answer.status, first_header(answer.headers, b"retry-after")) == (503, b"5")
    assert first_header(answer.headers, b"cache-control") == b"no-store"
    page = answer.body.decode()
    assert f'lang="{language}"' in page
    assert title in page


def test_a_script_gets_a_reason() -> None:
    answer = busy().answer(head((b"Sec-Fetch-Mode", b"cors")))
    assert first_header(answer.headers, b"content-type") == b"application/problem+json"
    assert {key: json.loads(answer.body)[key] for key in ("status", "reason")} == {"status": 503, "reason": "busy"}


def test_all_of_it_is_prepared() -> None:
    made = busy()
    asking = head((b"Accept", b"text/html"), (b"Accept-Language", b"ja"))
    assert made.answer(asking) is made.answer(asking)


@pytest.mark.parametrize(("method", "link"), [(b"GET", True), (b"POST", False)])
def test_what_can_be_asked_again_is_offered_at_the_pages_own_address(method: bytes, link: bool) -> None:
    """The page is the same for all addresses: an empty link leads to where it stands. A form is not sent again."""
    asked = RequestHead(method, b"/punch?a=b", "1.1", ((b"Accept", b"text/html"),))
    assert ('<a class="main" href="">' in busy().answer(asked).body.decode()) is link


@pytest.mark.parametrize(
    ("cookie", "known"), [(b"a=b; __Host-sekisho=x", True), (b"__Host-sekisho-pre=x", False), (b"sekisho=x", False)]
)
def test_a_session_is_seen_by_its_cookie(cookie: bytes, known: bool) -> None:
    assert busy().known(head((b"Host", b"a"), (b"cookie", cookie))) is known
