"""Whoever signs in after an enrolment is told of it, and what waits for them is delivered all the same (R-025)."""

from __future__ import annotations

import re
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


async def confirmed(browser: Browser) -> Browser:
    """Press the button of the notice."""
    found = re.search(r'name="seen" value="([^"]+)"', browser.text)
    assert found is not None
    return await browser.post(TELLS, {"seen": found[1]})


async def test_a_restricted_session_is_told_when_and_from_where_and_goes_on(world: World) -> None:
    await enrolled(world)
    browser = await restricted(world, waiting=Continuation(b"/shugyo/punch", "visit", ""))
    assert browser.location == TELLS
    live = await browser.live()
    assert live is not None
    assert live.record.session.restricted_at is not None, "it is restricted already: nothing is held back from it"
    page = await browser.get(TELLS)
    assert page.status == 200
    for said in (
        "認証アプリが登録されました",
        "2026年11月21日(土) 12:00",
        "203.0.113.66",
        "パスワードを変更してください",
    ):
        assert said in page.text
    assert 'href="/shugyo/punch"' in page.text
    assert (await confirmed(browser)).location == "/shugyo/punch"
    assert [dict(event.detail) for event in await events(world, Event.NOTICE_SEEN)] == [{"kind": "restricted"}]


async def test_it_is_told_once_for_each_kind_of_session(world: World) -> None:
    secret = await enrolled(world)
    browser = await (await restricted(world)).get(TELLS)
    await confirmed(browser)
    assert (await restricted(world)).location == "/login"
    full = await world.sign_in()
    await full.post("/.sekisho/code", {"totp": code(secret, world.now[0])})
    assert full.location == TELLS
    await confirmed(await full.get(TELLS))
    assert full.location == "/login"
    world.now[0] += 60
    again = await world.sign_in()
    assert (await again.post("/.sekisho/code", {"totp": code(secret, world.now[0])})).location == "/login"


async def test_whoever_enrols_is_not_told_of_what_they_did_just_now(world: World) -> None:
    browser = await world.sign_in()
    await browser.get("/.sekisho/enrol")
    await browser.post("/.sekisho/enrol", {"totp": code(browser.key(), NOON)})
    assert browser.location == "/login"


async def test_who_goes_on_without_confirming_is_told_again(world: World) -> None:
    await enrolled(world)
    await (await restricted(world)).get(TELLS)
    assert (await restricted(world)).location == TELLS


async def test_nothing_is_told_to_somebody_else_or_where_nothing_happened(world: World) -> None:
    await enrolled(world)
    assert (await restricted(world, subject=COLLEAGUE)).location == "/login"
    assert (await (await restricted(world, subject=COLLEAGUE)).get(TELLS)).location == "/login"


async def test_before_choice_or_code_the_page_tells_nothing(world: World) -> None:
    await enrolled(world)
    browser = await world.sign_in()
    assert (await browser.get(TELLS)).location == "/.sekisho/choice"
    await browser.post(TELLS, {"seen": repr(NOON)})
    assert browser.location == "/.sekisho/choice"
    assert (await restricted(world)).location == TELLS, "nothing was taken for seen"


@pytest.mark.parametrize("seen", ["", "x", "nan", "inf", "1" * 40, "123.5"])
async def test_only_the_enrolment_that_was_shown_counts_as_seen(world: World, seen: str) -> None:
    await enrolled(world)
    browser = await restricted(world)
    assert (await browser.post(TELLS, {"seen": seen})).location == "/login"
    assert (await restricted(world)).location == TELLS


async def test_an_enrolment_after_a_reset_is_told_anew(world: World) -> None:
    await enrolled(world)
    await confirmed(await (await restricted(world)).get(TELLS))
    await world.registry.reset(EMPLOYEE.login_id)
    await enrolled(world, "198.51.100.7")
    assert "198.51.100.7" in (await (await restricted(world)).get(TELLS)).text


async def test_an_address_that_is_not_known_is_said_so(world: World) -> None:
    await enrolled(world, "")
    assert "記録がありません" in (await (await restricted(world)).get(TELLS)).text


async def test_without_the_registry_nobody_is_held_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await enrolled(world)

    def fails(*_: object) -> Awaitable[None]:
        raise StoreUnavailable("registry", "down")

    unaware: Callable[..., object] = fails
    monkeypatch.setattr(world.registry, "enrolment_notice", unaware)
    browser = await restricted(world)
    assert browser.location == "/login"
    assert (await browser.get(TELLS)).location == "/login"
    monkeypatch.setattr(world.registry, "notice_seen", unaware)
    assert (await browser.post(TELLS, {"seen": repr(NOON)})).location == "/login"
    assert await events(world, Event.NOTICE_SEEN) == []


async def test_the_code_page_says_what_to_do_to_whoever_never_enrolled(world: World) -> None:
    await enrolled(world)
    assert "登録した覚えがない" in (await (await world.sign_in()).get("/.sekisho/code")).text
