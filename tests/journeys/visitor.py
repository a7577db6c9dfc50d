"""A person at one browser window: what they press and type, never what lies behind it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.harness.browser import scanned_uri
from tests.journeys.world import World

SHOTS = Path(__file__).resolve().parents[2] / "build" / "shots"
PATIENCE_MS = 30_000  # a busy machine is no fault of the product
expect.set_options(timeout=PATIENCE_MS)
EVERYTHING = "すべての機能を利用する"
ICONS = ("shugyo", "meisai", "uketsuke", "kashikin", "shinsei", "mynumber")


@dataclass(frozen=True, slots=True)
class Screen:
    """A device. Phones use the phone's sign-in page."""

    name: str
    width: int
    height: int
    phone: bool = False

    @property
    def sign_in_path(self) -> str:
        """Where its people sign in."""
        return "/sp/login" if self.phone else "/login"

    def options(self) -> dict[str, Any]:
        """For Playwright's new_context."""
        size = {"width": self.width, "height": self.height}
        more: dict[str, Any] = {"is_mobile": True, "has_touch": True, "device_scale_factor": 2} if self.phone else {}
        return {"viewport": size, "locale": "ja-JP", "timezone_id": "Asia/Tokyo", "accept_downloads": True, **more}


DESK = Screen("desk", 1280, 800)
PHONE = Screen("phone", 320, 640, phone=True)


class Visitor:
    """One browser profile with one window."""

    def __init__(self, world: World, context: BrowserContext, screen: Screen) -> None:
        self.world = world
        self.context = context
        self.screen = screen
        self.page: Page = context.new_page()
        self.typed = ""  # the last code

    # Going about

    def open(self, target: str) -> None:
        """Type an address of the service."""
        self.page.goto(self.world.url + target)

    def sign_in(self, login_id: str, password: str = "demo") -> None:
        """Open the app's sign-in page and send its form."""
        self.open(self.screen.sign_in_path)
        self.page.fill("#login_id", login_id)
        self.page.fill("#password", password)
        self.page.click("input[type=submit]")

    def press(self, name: str) -> None:
        """Press the button with exactly this wording."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        """Follow the link with exactly this wording."""
        self.page.get_by_role("link", name=name, exact=True).click()

    def cancel(self) -> None:
        """「キャンセル」."""
        self.press("キャンセル")

    # The second factor

    def scan(self, login_id: str) -> None:
        """Hold the phone before the screen."""
        expect(self.page.locator(".picture svg")).to_be_visible()
        uri = scanned_uri(self.page)
        self.world.phone[login_id] = parse_qs(uri.query)["secret"][0]

    def type_code(self, typed: str) -> None:
        """Fill the field and press the page's main button."""
        self.typed = typed
        self.page.fill("#totp", typed)
        self.page.click("button.main")

    def prove(self, login_id: str) -> None:
        """Enrol, or enter a code: whichever the page asks for."""
        expect(self.page.locator("#totp")).to_be_visible()
        if self.path.startswith("/.sekisho/enrol"):
            self.scan(login_id)
        self.type_code(self.world.fresh_code(login_id))

    def full(self, login_id: str) -> None:
        """Sign in with everything."""
        self.sign_in(login_id)
        if self.path.startswith("/.sekisho/choice"):
            self.press(EVERYTHING)
        self.prove(login_id)
        expect(self.page.locator("#menu")).to_be_visible()

    def restricted(self, login_id: str, wording: str = "就業打刻・明細閲覧のみ利用する") -> None:
        """Sign in without a code."""
        self.sign_in(login_id)
        self.press(wording)
        expect(self.page.locator("#greeting")).to_be_visible()

    # What they see

    @property
    def path(self) -> str:
        """Path and query of the page that is shown."""
        return self.page.url.removeprefix(self.world.url)

    @property
    def heading(self) -> Locator:
        """The page's one heading."""
        return self.page.locator("h1")

    def icons(self) -> set[str]:
        """The icons of the menu that are there, by key."""
        return {key for key in ICONS if self.page.locator(f"#icon-{key}").count()}

    def session_cookie(self) -> str:
        """The value of the gateway's session cookie, or nothing."""
        return next((str(one["value"]) for one in self.context.cookies() if one.get("name") == "sekisho"), "")

    def expect_path(self, path: str) -> None:
        """The page shown is this one, whatever its query."""
        expect(self.page).to_have_url(re.compile(re.escape(self.world.url + path) + r"(\?.*)?$"))

    def shot(self, name: str) -> None:
        """Keep a picture of the whole page."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}-{self.screen.width}.png", full_page=True)


class Browsers:
    """Hands out windows, each in a profile of its own, and closes them."""

    def __init__(self, world: World, browser: Browser) -> None:
        self._world = world
        self._browser = browser
        self._open: list[BrowserContext] = []

    def __call__(self, screen: Screen = DESK, **options: Any) -> Visitor:
        """Somebody new. `options` go to Playwright's new_context."""
        context = self._browser.new_context(**{**screen.options(), **options})
        context.set_default_timeout(PATIENCE_MS)
        self._open.append(context)
        return Visitor(self._world, context, screen)

    def close(self) -> None:
        """Close every window."""
        for context in self._open:
            context.close()


NewVisitor = Callable[..., Visitor]
