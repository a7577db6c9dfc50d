"""The pages in Chromium: what a person sees and what a phone's camera reads."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
import pytest_asyncio
import zxingcpp
from PIL import Image
from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, Page, async_playwright

from gateway.config.settings import Tenants
from gateway.core.rollout import Rollout
from tests.harness.browser import ARGUMENTS, PROGRAM
from tests.portal.conftest import Renderers, World, open_world

TARGETS = "button, a.main, a.outline, summary, input[type=text], .back a, .help a"
HEIGHTS = """selector => [...document.querySelectorAll(selector)].filter(e => e.offsetParent && !e.hidden)
    .map(e => [e.textContent.trim(), e.getBoundingClientRect().height])"""


# One browser for all tests, so that all of them and their worlds are on one loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Chromium]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=PROGRAM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def world(
    tmp_path: Path,
    empty_registry: Path,
    rollout: Rollout,
    tenants: Tenants,
    renderer: Renderers,
    chromium: Chromium,
) -> AsyncIterator[World]:
    async with open_world(tmp_path, empty_registry, rollout, tenants, renderer) as opened:
        yield opened
        for context in chromium.contexts:
            await context.close()


async def signed_in(world: World, chromium: Chromium, width: int, *, scripts: bool = True) -> BrowserContext:
    context = await chromium.new_context(
        viewport={"width": width, "height": 700}, locale="ja-JP", java_script_enabled=scripts
    )
    token = (await world.sign_in()).token
    await context.add_cookies([{"name": "sekisho", "value": str(token), "url": world.address}])
    return context


async def watched(context: BrowserContext) -> tuple[Page, list[str]]:
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    return page, said


@pytest.mark.parametrize("width", [320, 1280])
async def test_the_qr_code_of_the_screenshot_is_the_key_on_the_page(
    world: World, chromium: Chromium, width: int
) -> None:
    context = await signed_in(world, chromium, width)
    page, said = await watched(context)
    await page.goto(f"{world.address}/.sekisho/enrol")
    picture = Image.open(io.BytesIO(await page.screenshot(full_page=True)))
    found = zxingcpp.read_barcodes(picture)
    assert len(found) == 1
    uri = urlsplit(found[0].text)
    key = (await page.locator(".key code").inner_text()).replace("\n", "").replace(" ", "")
    assert parse_qs(uri.query)["secret"] == [key]
    assert unquote(uri.path) == "/ネットde顧問:B00000101"
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []


@pytest.mark.parametrize("width", [320, 1280])
async def test_every_target_is_44_pixels_high_and_nothing_overflows(
    world: World, chromium: Chromium, width: int
) -> None:
    context = await signed_in(world, chromium, width)
    page, said = await watched(context)
    for name in ("choice", "enrol", "enrol?fault=empty", "help/install"):
        await page.goto(f"{world.address}/.sekisho/{name}")
        assert [target for target in await page.evaluate(HEIGHTS, TARGETS) if target[1] < 44] == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []


@pytest.mark.parametrize("scripts", [True, False])
async def test_from_the_choice_to_the_first_code_with_and_without_scripts(
    world: World, chromium: Chromium, scripts: bool
) -> None:
    context = await signed_in(world, chromium, 1280, scripts=scripts)
    page, _ = await watched(context)
    await page.goto(f"{world.address}/.sekisho/choice")
    await page.get_by_role("button", name="すべての機能を利用する").click()
    await page.get_by_role("button", name="登録").click()
    assert (await page.title()).startswith("エラー: ")
    assert await page.get_by_role("alert").evaluate("e => e === document.activeElement")
    key = (await page.locator(".key code").inner_text()).replace("\n", "").replace(" ", "")
    await page.get_by_label("認証アプリに表示された6桁のコード").fill(pyotp.TOTP(key).at(int(world.now[0])))
    await page.get_by_role("button", name="登録").click()
    assert page.url == f"{world.address}/login"


async def test_the_key_can_be_copied(world: World, chromium: Chromium) -> None:
    context = await signed_in(world, chromium, 320)
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    page, _ = await watched(context)
    await page.goto(f"{world.address}/.sekisho/enrol")
    await page.get_by_role("button", name="キーをコピー").click()
    await page.get_by_text("コピーしました").wait_for()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied == await page.locator("[data-copy]").get_attribute("data-copy")


async def test_a_double_click_sends_one_code(world: World, chromium: Chromium) -> None:
    context = await signed_in(world, chromium, 1280)
    page, _ = await watched(context)
    await page.goto(f"{world.address}/.sekisho/enrol")
    await page.get_by_label("認証アプリに表示された6桁のコード").fill("000000")
    await page.get_by_role("button", name="登録").dblclick()
    await page.get_by_role("alert").wait_for()
    assert (await world.registry.lock_state("B00000101")).failures == 1


async def test_nothing_moves_while_a_page_loads(world: World, chromium: Chromium) -> None:
    context = await signed_in(world, chromium, 320)
    page, _ = await watched(context)
    await page.goto(f"{world.address}/.sekisho/enrol", wait_until="networkidle")
    shift = await page.evaluate(
        """() => new Promise(done => { let sum = 0;
        new PerformanceObserver(list => { for (const e of list.getEntries()) sum += e.value; })
            .observe({type: 'layout-shift', buffered: true});
        setTimeout(() => done(sum), 200); })"""
    )
    assert shift == 0
