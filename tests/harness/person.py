"""A person with a browser without JavaScript: keeps cookies, fills the gateway's forms, holds a phone (oathtool)."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from urllib.parse import urlencode

from tests.harness.totp import code
from tests.harness.wire import WireAnswer, exchange

KEY_GROUPS = re.compile(r"(?<![A-Z2-7])((?:[A-Z2-7]{4}[\s\u00a0]*){8})(?![A-Z2-7])")
CSRF_FIELD = re.compile(r"<input[^>]*name=\"?csrf\"?[^>]*>")
VALUE = re.compile(r"value=\"([^\"]*)\"")


def csrf_of(page: str) -> str:
    """The CSRF token of the first form. Fails when the page has none."""
    field = CSRF_FIELD.search(page)
    value = VALUE.search(field.group(0)) if field else None
    assert value, f"no csrf field in {page[:2000]}"
    return html.unescape(value.group(1))


def key_of(page: str) -> str:
    """The base32 key that the enrolment page shows as text in groups of four."""
    text = re.sub(r"<(?:br|wbr|/?span|/?code|/?b)[^>]*>", " ", page)
    found = KEY_GROUPS.search(html.unescape(text))
    assert found, f"no key in {page[:4000]}"
    return re.sub(r"\s", "", found.group(1))


class Person:
    """One login ID in one browser at one gateway. Every method gives the raw answer."""

    def __init__(
        self, port: int, host: str, origin: str, clock: Callable[[], float], source: str | None = None
    ) -> None:
        self.port = port
        self.host = host
        self.origin = origin
        self.clock = clock
        self.source = source
        self.cookies: dict[str, str] = {}
        self.secret = ""

    def ask(self, method: str, target: str, body: bytes | None = None, *lines: str) -> WireAnswer:
        """One request with this browser's cookies; Set-Cookie is obeyed."""
        answer = exchange(self.port, self.raw(method, target, body, *lines), source=self.source, method=method)
        for line in answer.all("set-cookie"):
            name, _, value = line.split(";", 1)[0].partition("=")
            if not value or "max-age=0" in line.lower() or "1970" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def raw(self, method: str, target: str, body: bytes | None = None, *lines: str) -> bytes:
        """The bytes of such a request."""
        head = [f"{method} {target} HTTP/1.1", f"Host: {self.host}", "Accept: text/html", *lines]
        if self.cookies:
            head.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if body is not None:
            head.append(f"Content-Length: {len(body)}")
            if not any(line.lower().startswith("content-type") for line in lines):
                head.append("Content-Type: application/x-www-form-urlencoded")
        return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + (body or b"")

    def get(self, target: str) -> WireAnswer:
        """Follow a link."""
        return self.ask("GET", target)

    def post(self, target: str, fields: dict[str, str]) -> WireAnswer:
        """Send a form from a page of this origin."""
        body = urlencode(fields).encode()
        return self.ask("POST", target, body, f"Origin: {self.origin}", "Sec-Fetch-Site: same-origin")

    def page(self, target: str) -> str:
        """A page of the gateway as text. Fails unless 200."""
        answer = self.get(target)
        assert answer.status == 200, (target, answer.head)
        return answer.decoded_body().decode()

    def sign_in(self, login_id: str, password: str = "demo") -> WireAnswer:
        """Fill the app's own form."""
        return self.post("/login", {"login_id": login_id, "password": password})

    def choose(self, choice: str) -> WireAnswer:
        """The choice page: `full` or `restricted`."""
        csrf = csrf_of(self.page("/.sekisho/choice"))
        return self.post("/.sekisho/choice", {"csrf": csrf, "choice": choice})

    def begin_enrolment(self) -> str:
        """Open the enrolment page; gives its CSRF token and remembers the key."""
        page = self.page("/.sekisho/enrol")
        self.secret = key_of(page)
        return csrf_of(page)

    def enrol(self) -> WireAnswer:
        """Scan the key and confirm it with its first code."""
        csrf = self.begin_enrolment()
        return self.post("/.sekisho/enrol", {"csrf": csrf, "totp": self.now_code()})

    def now_code(self) -> str:
        """What the phone shows now."""
        return code(self.secret, self.clock())

    def enter(self, totp: str) -> WireAnswer:
        """The code page."""
        csrf = csrf_of(self.page("/.sekisho/code"))
        return self.post("/.sekisho/code", {"csrf": csrf, "totp": totp})

    def restricted(self, login_id: str) -> None:
        """Sign in and choose the restricted session; the held answer is fetched too."""
        answer = self.sign_in(login_id)
        assert answer.status == 303, answer.head
        answer = self.choose("restricted")
        assert answer.status == 303, answer.head
        self.get(answer.header("location") or "/")

    def full(self, login_id: str) -> None:
        """Sign in, choose everything, enrol; the held answer is fetched too."""
        answer = self.sign_in(login_id)
        assert answer.status == 303, answer.head
        if "choice" in (answer.header("location") or ""):
            answer = self.choose("full")
            assert answer.status == 303, answer.head
        answer = self.enrol()
        assert answer.status == 303, answer.head
        self.get(answer.header("location") or "/")
