"""Whoever signs in after an enrolment is told of it, before and in the session, and nobody is held up (R-025)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.core.errors import StoreUnavailable
from gateway.core.events import Event
from gateway.stores.records import Continuation
from tests.portal.conftest import COLLEAGUE, EMPLOYEE, NOON, Browser, World
from tests.portal.people_kit import events
from tests.portal.test_journeys import code, enrol

TELLS = "/.sekisho/notice"


async def restricted(world: World, **more: Any) -> Browser:
    browser = await world.sign_in(**more)
    return await browser.post("/.sekisho/choice", {"choice": "restricted"})


async def enrolled(world: World, address: str = "203.0.113.66") -> str:
    """Somebody has enrolled from there; the secret."""
    browser = await world.sign_in()
    browser.headers["X-Sekisho-Client"] = address
    return await enrol(world, browser)


async def news(browser: Browser) -> tuple[float, str] | None:
    """What the session tells of."""
    live = await browser.live()
    assert live is not None
    return live.record.news


BRIEF = "2026年11月21日(土) 12:00 に、このログインIDの認証アプリが登録されました"


async def test_the_choice_page_says_when_and_from_where_and_the_session_tells_more(world: World) -> None:
    await enrolled(world)
    browser = await world.sign_in(waiting=Continuation(b"/shugyo/punch", "visit", ""))
    page = await browser.get("/.sekisho/choice")
    assert BRIEF in page.text
    assert "203.0.113.66" in page.text
    await browser.post("/.sekisho/choice", {"choice": "restricted"})
    assert browser.location == "/shugyo/punch", "what waits is delivered at once"
    assert await news(browser) == (NOON, "203.0.113.66")
    page = await browser.get(TELLS)
    assert page.status == 200
    for said in ("認証アプリが登録されました", "203.0.113.66", "パスワードを変更してください", 'href="/shugyo/punch"'):
        assert said in page.text
    assert (await browser.post(TELLS, {})).location == "/shugyo/punch"
    assert await news(browser) is None
    assert [dict(event.detail) for event in await events(world, Event.NOTICE_SEEN)] == [{"kind": "restricted"}]
    assert (await browser.get(TELLS)).location == "/shugyo/punch"


async def test_it_is_told_once_for_each_kind_of_session(world: World) -> None:
    secret = await enrolled(world)
    assert await news(await restricted(world)) is not None
    second = await world.sign_in()
    assert BRIEF not in (await second.get("/.sekisho/choice")).text
    await second.post("/.sekisho/choice", {"choice": "restricted"})
    assert await news(second) is None
    full = await world.sign_in()
    assert BRIEF in (await full.get("/.sekisho/code")).text
    assert (await full.post("/.sekisho/code", {"totp": code(secret, world.now[0])})).location == "/login"
    assert await news(full) is not None
    world.now[0] += 60
    again = await world.sign_in()
    assert BRIEF not in (await again.get("/.sekisho/code")).text
    await again.post("/.sekisho/code", {"totp": code(secret, world.now[0])})
    assert await news(again) is None


async def test_a_step_up_goes_on_telling(world: World) -> None:
    secret = await enrolled(world)
    browser = await restricted(world)
    await browser.post("/.sekisho/code", {"totp": code(secret, world.now[0])})
    assert await news(browser) == (NOON, "203.0.113.66")


async def test_whoever_has_no_code_reads_it_at_every_sign_in(world: World) -> None:
    await enrolled(world)
    for _ in range(2):
        assert BRIEF in (await (await world.sign_in()).get("/.sekisho/code")).text


async def test_whoever_enrols_is_not_told_of_what_they_did_just_now(world: World) -> None:
    browser = await world.sign_in()
    await browser.get("/.sekisho/enrol")
    await browser.post("/.sekisho/enrol", {"totp": code(browser.key(), NOON)})
    assert browser.location == "/login"
    assert await news(browser) is None


async def test_nothing_is_told_to_somebody_else_or_where_nothing_happened(world: World) -> None:
    await enrolled(world)
    other = await world.sign_in(COLLEAGUE)
    assert BRIEF not in (await other.get("/.sekisho/choice")).text
    await other.post("/.sekisho/choice", {"choice": "restricted"})
    assert (await other.get(TELLS)).location == "/login"
    assert (await other.post(TELLS, {})).location == "/login"
    assert await events(world, Event.NOTICE_SEEN) == []


async def test_before_choice_or_code_the_page_tells_nothing(world: World) -> None:
    await enrolled(world)
    browser = await world.sign_in()
    assert (await browser.get(TELLS)).location == "/.sekisho/choice"
    await browser.post(TELLS, {})
    assert browser.location == "/.sekisho/choice"
    assert await news(await restricted(world)) is not None, "nothing was taken for seen"


async def test_an_enrolment_after_a_reset_is_told_anew(world: World) -> None:
    await enrolled(world)
    await restricted(world)
    await world.registry.reset(EMPLOYEE.login_id)
    await enrolled(world, "198.51.100.7")
    told = await news(await restricted(world))
    assert told is not None
    assert told[1] == "198.51.100.7"


async def test_an_address_that_is_not_known_is_said_so(world: World) -> None:
    await enrolled(world, "")
    browser = await world.sign_in()
    assert "記録がありません" in (await browser.get("/.sekisho/choice")).text
    await browser.post("/.sekisho/choice", {"choice": "restricted"})
    assert "記録がありません" in (await browser.get(TELLS)).text


async def test_without_the_registry_nobody_is_held_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await enrolled(world)

    def fails(*_: object) -> Awaitable[None]:
        raise StoreUnavailable("registry", "down")

    unaware: Callable[..., object] = fails
    monkeypatch.setattr(world.registry, "notice_seen", unaware)
    told = await restricted(world)
    assert told.location == "/login"
    assert await news(told) is not None
    monkeypatch.setattr(world.registry, "enrolment_notice", unaware)
    browser = await world.sign_in()
    assert BRIEF not in (await browser.get("/.sekisho/choice")).text
    assert (await browser.post("/.sekisho/choice", {"choice": "restricted"})).location == "/login"
    assert await news(browser) is None


async def test_the_code_page_says_what_to_do_to_whoever_never_enrolled(world: World) -> None:
    await enrolled(world)
    assert "登録した覚えがない" in (await (await world.sign_in()).get("/.sekisho/code")).text
