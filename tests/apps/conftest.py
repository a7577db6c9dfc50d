"""An app that nobody here wrote, behind a gateway with the shipped example, watched on both sides.

Chromium ── Recorder (public address) ── gateway ── Recorder ── app
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bench.processes import free_port
from tests.apps.django_site import running_site
from tests.apps.wiki import running_wiki
from tests.harness.browser import chromium, scanned_secret
from tests.harness.gateway import GatewayThread, MovableClock
from tests.harness.recorder import Recorder, leaks
from tests.harness.totp import code

EXAMPLES = Path(__file__).resolve().parents[2] / "deploy" / "examples"


@dataclass(slots=True)
class Guarded:
    """An app, the gateway before it, and everything that passed between them and the browser."""

    direct: str  # the app's own address
    public: str  # what browsers use
    clock: MovableClock
    browser_side: Recorder
    app_side: Recorder
    secret: str = ""

    def enrol(self, page: Page) -> None:
        """Read the QR code, type the first code."""
        expect(page.locator("#totp")).to_be_visible()
        self.secret = scanned_secret(page)
        self._type(page)

    def enter(self, page: Page) -> None:
        """The code page: no QR code is there any more."""
        expect(page.locator("#totp")).to_be_visible()
        assert page.locator(".picture").count() == 0
        self._type(page)
        page.wait_for_load_state()
        if page.url.endswith("/.sekisho/notice"):  # the first code after the enrolment
            page.click("button.main")

    def _type(self, page: Page) -> None:
        page.fill("#totp", code(self.secret, self.clock()))
        page.click("button.main")

    def assert_vault_kept(self, page: Page, context: BrowserContext) -> None:
        """No cookie value that the app ever set is in the browser, nor in one byte that it received."""
        values = self.app_side.cookies_set()
        assert values, "the app set no cookie: nothing was proven"
        script = page.evaluate("document.cookie")
        held = " ".join(str(cookie.get("value")) for cookie in context.cookies()) + " " + script
        assert not [value for value in values if value in held]
        assert not leaks(self.browser_side, values)


def example(name: str, public: str, upstream: int) -> str:
    """A shipped example with the addresses of this test."""
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    for pattern, right in (
        (r"(?m)^listen: 127\.0\.0\.1:8080$", "listen: 127.0.0.1:{PORT}"),
        (r"public_url: http://127\.0\.0\.1:8080/", f"public_url: {public}/"),
        (r"upstream: http://127\.0\.0\.1:9001", f"upstream: http://127.0.0.1:{upstream}"),
    ):
        text, count = re.subn(pattern, right, text)
        assert count == 1, pattern
    return text


@contextmanager
def guarded(folder: Path, name: str, app_port: int) -> Iterator[Guarded]:
    """Put the gateway with the example `name` before the app."""
    clock, public_port = MovableClock(), free_port()
    public = f"http://127.0.0.1:{public_port}"
    with ExitStack() as stack:
        app_side = stack.enter_context(Recorder(app_port))
        gateway = stack.enter_context(GatewayThread(folder, example(name, public, app_side.port), clock))
        browser_side = stack.enter_context(Recorder(gateway.port, public_port))
        yield Guarded(f"http://127.0.0.1:{app_port}", public, clock, browser_side, app_side)


@pytest.fixture(scope="module")
def django_guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Django's admin behind deploy/examples/django-admin.yaml."""
    site, gateway = tmp_path_factory.mktemp("django"), tmp_path_factory.mktemp("gateway")
    with running_site(site) as port, guarded(gateway, "django-admin.yaml", port) as made:
        yield made


@pytest.fixture(scope="module")
def wiki_guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """DokuWiki behind deploy/examples/dokuwiki.yaml."""
    site, gateway = tmp_path_factory.mktemp("dokuwiki"), tmp_path_factory.mktemp("gateway")
    with running_wiki(site) as port, guarded(gateway, "dokuwiki.yaml", port) as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile that reads English; a page waits ten seconds at most."""
    made = browser.new_context(locale="en-GB", accept_downloads=True, viewport={"width": 1280, "height": 900})
    made.set_default_timeout(10_000)
    yield made
    made.close()
