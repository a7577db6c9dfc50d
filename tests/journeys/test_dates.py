"""A clock runs over the dates of a rollout while people are in the middle of their work (F1, F2).

               announced_from          mandatory_from
    ──────────────────┼───────────────────────┼──────────────────►
    tenants decide    │ clients see a notice  │ everybody needs a code, what is exempt stays exempt

Nobody signs in again: every session is open before a date and goes on behind it.
"""

from __future__ import annotations

import math
from datetime import datetime
from html import unescape
from urllib.parse import urlencode

from playwright.sync_api import expect

from gateway.core.calendar import spoken_date, spoken_time
from tests.harness.gateway import MovableClock
from tests.harness.person import Person, csrf_of
from tests.harness.wire import WireAnswer
from tests.journeys.visitor import DESK, PHONE, NewVisitor, Visitor
from tests.journeys.world import TOKYO, World

HOUR = 3600.0
FROM = math.ceil(MovableClock()() / 60) * 60.0
ANNOUNCED, MANDATORY = FROM + 3 * HOUR, FROM + 6 * HOUR


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, TOKYO).strftime("%Y-%m-%dT%H:%M")


EDITS = (
    ("# rollout:\n", f"rollout: {{announced_from: {_date(ANNOUNCED)}, mandatory_from: {_date(MANDATORY)}}}\n"),
    ("  office: {idle: 30m, absolute: 12h}\n", "  office: {idle: 1d, absolute: 2d}\n"),
    ("  establishment: {idle: 30m, absolute: 12h}\n", "  establishment: {idle: 1d, absolute: 2d}\n"),
    (
        '        "000006": {use: false}\n',
        '        "000006": {use: false}\n        "000013": {use: false, pinned: true}\n',
    ),
)
NOTICE, SETTINGS = "sekisho-rollout-notice", "sekisho-settings-link"
NEW_PASSWORD = {"old": "demo", "new": "neu1", "again": "neu1"}
CHOICE, CODE, STEP_UP = "/.sekisho/choice", "/.sekisho/code", "/.sekisho/step-up"


class People:
    """Everybody whom the dates find at work, each in the state that the name says."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.staff_without_2fa = self._plain("A00020001")
        self.without_2fa = self._plain("B00000601")  # its establishment exempts nothing
        self.pinned_to_none = self._plain("B00001301")
        self.of_an_office_without_2fa = self._plain("B00000301")  # by default punch and payslips are exempt
        self.typing_a_password = self._plain("B00000602")
        self.restricted = self._person()
        self.restricted.restricted("B00000102")
        self.full = self._person()
        self.full.full("B00000101")
        self.staff = self._person()
        self.staff.full("A00010001")
        self.choosing, self.with_a_form_held = self._person(), self._person()
        self.token = ""

    def at_the_last_minute(self) -> None:
        """What does not wait for hours: a choice, a form that waits for a code, a form being filled in."""
        assert location(self.choosing.sign_in("B00000199")) == CHOICE
        self.with_a_form_held.restricted("B00000103")
        held = self.with_a_form_held.post("/password", {"token": "?", **NEW_PASSWORD})
        assert location(held) == STEP_UP
        self.token = self.typing_a_password.page("/password").split('name="token" value="')[1].split('"')[0]

    def _person(self) -> Person:
        return self.world.person()

    def _plain(self, login_id: str) -> Person:
        """Signed in as ever: nobody asks for a code."""
        person = self._person()
        assert location(person.sign_in(login_id)) == "/top"
        return person


def location(answer: WireAnswer) -> str | None:
    return answer.header("location")


def top(person: Person) -> str:
    """The menu, whose copy no browser keeps."""
    answer = person.get("/top")
    assert (answer.status, answer.header("cache-control")) == (200, "no-store")
    page = answer.body.decode()
    assert 'id="menu"' in page
    return unescape(page)


def test_the_dates_act_by_themselves_on_every_kind_of_open_session(visitor: NewVisitor, world: World) -> None:
    people = People(world)
    windows = {screen.name: visitor(screen) for screen in (DESK, PHONE)}
    for window in windows.values():
        window.sign_in("B00000601")
        expect(window.page.locator("#menu")).to_be_visible()
        expect(window.page.locator(f"#{NOTICE}")).to_have_count(0)
    before_the_dates(people)
    world.clock.forward(ANNOUNCED - world.clock() + 1)
    after_the_announcement(people)
    for window in windows.values():
        shows_the_notice(window)
    world.clock.forward(MANDATORY - 600 - world.clock())
    assert NOTICE in top(people.without_2fa)
    people.at_the_last_minute()
    world.clock.forward(MANDATORY - world.clock() + 1)
    nobody_passes_without_a_code(people)
    for window in windows.values():
        window.page.reload()
        window.expect_path("/.sekisho/enrol")
    what_was_under_way_is_finished(people)


def before_the_dates(people: People) -> None:
    """Tenants decide."""
    everybody = (people.staff_without_2fa, people.without_2fa, people.pinned_to_none, people.full, people.restricted)
    pages = [top(person) for person in (*everybody, people.of_an_office_without_2fa)]
    assert [NOTICE in page for page in pages] == [False] * 6
    assert [SETTINGS in page for page in pages] == [True] + [False] * 5
    assert "icon-mynumber" in pages[1]
    assert "icon-mynumber" not in pages[4]


def after_the_announcement(people: People) -> None:
    """Clients see the notice at every level, whether or not they use 2FA; staff of offices do not."""
    when = datetime.fromtimestamp(MANDATORY, TOKYO)
    clients = (
        people.without_2fa,
        people.pinned_to_none,
        people.of_an_office_without_2fa,
        people.full,
        people.restricted,
    )
    for person in clients:
        page = top(person)
        assert page.count(NOTICE) == 1
        assert f"{spoken_date(when, 'ja')} {spoken_time(when)}から" in page
        assert f"From {spoken_date(when, 'en')}" in page
    for person in (people.staff_without_2fa, people.staff):
        page = top(person)
        assert NOTICE not in page
        assert SETTINGS in page
    assert people.without_2fa.get("/password").status == 200
    assert people.restricted.get("/shugyo/punch").status == 200


def shows_the_notice(window: Visitor) -> None:
    """As a person sees it: readable, in its box, no wider than the screen."""
    window.open("/sp/top" if window.screen.phone else "/top")
    notice = window.page.get_by_role("note")
    expect(notice).to_be_visible()
    expect(notice).to_contain_text("ログインのときに2要素認証")
    expect(notice.get_by_role("link", name="準備のしかたを見る")).to_have_attribute("href", "/.sekisho/help/")
    assert notice.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"
    assert notice.evaluate("e => e.getBoundingClientRect().right <= innerWidth")
    window.shot("journey-rollout-notice")


def nobody_passes_without_a_code(people: People) -> None:
    """Whatever the settings say; what is exempt stays exempt, and who has a code notices nothing."""
    for person, due in (
        (people.staff_without_2fa, CODE),
        (people.without_2fa, CODE),
        (people.pinned_to_none, CODE),
        (people.of_an_office_without_2fa, CHOICE),
    ):
        for target in ("/uketsuke/", "/top", "/shugyo/punch"):
            assert location(person.get(target)) == due, target
        told = person.ask("GET", "/shugyo/genzai", None, "Sec-Fetch-Mode: cors")
        assert (told.status, told.header("content-type")) == (403, "application/problem+json")
    assert location(people.of_an_office_without_2fa.choose("restricted")) == "/shugyo/punch"
    assert people.of_an_office_without_2fa.get("/shugyo/punch").status == 200
    for person in (people.full, people.staff):
        assert NOTICE not in top(person)
        assert person.get("/uketsuke/").status == 200
    assert SETTINGS in top(people.staff)
    assert NOTICE not in top(people.restricted)
    assert people.restricted.get("/shugyo/punch").status == 200
    assert location(people.restricted.get("/uketsuke/")) == STEP_UP


def what_was_under_way_is_finished(people: People) -> None:
    """On the choice page, with a form held since before, and with a form sent a moment too late."""
    assert location(people.choosing.choose("restricted")) == "/login"
    delivered = people.choosing.get("/login")
    assert (delivered.status, location(delivered)) == (302, "/top")
    assert NOTICE not in top(people.choosing)

    assert location(people.with_a_form_held.enrol()) == "/password"
    assert "画面の有効期限が切れました。" in people.with_a_form_held.page("/password")  # the app has seen the form

    late = people.typing_a_password
    kept = late.ask("POST", "/password", urlencode({"token": people.token, **NEW_PASSWORD}).encode(), *_from(late))
    assert location(kept) == CODE
    assert location(late.enrol()) == "/password"
    assert "変更しました" in late.page("/password")

    for person in (people.staff_without_2fa, people.without_2fa, people.pinned_to_none):
        assert location(person.enrol()) == "/shugyo/punch"
        assert NOTICE not in top(person)
    assert SETTINGS in top(people.staff_without_2fa)
    assert csrf_of(people.staff_without_2fa.page("/.sekisho/settings"))


def _from(person: Person) -> tuple[str, str]:
    return f"Origin: {person.origin}", "Sec-Fetch-Site: same-origin"
