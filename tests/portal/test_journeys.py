"""People at the pages, over HTTP and the embedded stores."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pyotp
import pytest
from aiohttp import ClientSession, DummyCookieJar
from yarl import URL

from gateway.core.errors import StoreUnavailable
from gateway.core.subject import Feature, Kind, Subject
from gateway.portal.app import FORM_BYTES
from gateway.stores.records import Continuation
from tests.portal.conftest import EMPLOYEE, NOON, Browser, World, needs

STAFF = Subject("A00010001", Kind.OFFICE, "0001")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def code(secret: str, at: float) -> str:
    return str(pyotp.TOTP(secret).at(int(at)))


def wrong(secret: str, at: float) -> str:
    near = {code(secret, at + 30 * step) for step in range(-25, 26)}
    return next(text for text in (f"{number:06}" for number in range(100)) if text not in near)


async def enrol(world: World, browser: Browser) -> str:
    """Enrol in the browser, sign in again a minute later; the secret."""
    await browser.get("/.sekisho/enrol")
    secret = browser.key()
    await browser.post("/.sekisho/enrol", {"totp": code(secret, world.now[0])})
    assert browser.location == "/login"
    world.now[0] += 60
    return secret


# A field in a charset that there is none of.
BROKEN_PART = b"""--x
Content-Disposition: form-data; name=csrf
Content-Type: text/plain; charset=foo

1
--x--""".replace(b"\n", b"\r\n")


class TestChoice:
    async def test_two_buttons_and_the_note(self, world: World) -> None:
        page = await (await world.sign_in()).get("/.sekisho/choice")
        assert page.status == 200
        for label in ("すべての機能を利用する", "就業打刻・明細閲覧のみ利用する", "キャンセル"):
            assert f">{label}</button>" in page.text

    @pytest.mark.parametrize(
        ("exempt", "label"),
        [
            ({Feature.ATTENDANCE_PUNCH}, "就業打刻のみ利用する"),
            ({Feature.PAYSLIP_OWN}, "明細閲覧のみ利用する"),
            ({Feature.ATTENDANCE_NOTIFICATIONS}, "就業打刻・届出のみ利用する"),
            (set(Feature), "就業打刻・届出・明細閲覧のみ利用する"),
        ],
    )
    async def test_the_second_button_names_what_is_exempt(self, world: World, exempt: set[Feature], label: str) -> None:
        needs(world, frozenset(exempt))
        page = await (await world.sign_in()).get("/.sekisho/choice")
        assert f">{label}</button>" in page.text

    async def test_restricted_takes_effect_under_a_new_token_and_goes_to_what_waits(self, world: World) -> None:
        browser = await world.sign_in()
        before = browser.token
        await browser.post("/.sekisho/choice", {"choice": "restricted"})
        assert (browser.status, browser.location) == (303, "/login")
        assert browser.token != before
        assert await world.sessions.load(str(before).encode()) is None
        live = await browser.live()
        assert live is not None
        assert live.record.session.restricted_at == NOON

    async def test_full_leads_to_enrolment_first_and_to_the_code_afterwards(self, world: World) -> None:
        browser = await world.sign_in()
        assert (await browser.post("/.sekisho/choice", {"choice": "full"})).location == "/.sekisho/enrol"
        await enrol(world, browser)
        again = await world.sign_in()
        assert (await again.post("/.sekisho/choice", {"choice": "full"})).location == "/.sekisho/code"

    async def test_neither_button_is_said_on_the_page(self, world: World) -> None:
        browser = await world.sign_in()
        await browser.post("/.sekisho/choice", {})
        page = await browser.get(browser.location)
        assert "<title>エラー: " in page.text

    async def test_an_exemption_that_was_taken_back_meanwhile_is_no_choice_any_more(self, world: World) -> None:
        browser = await world.sign_in()
        needs(world)
        await browser.post("/.sekisho/choice", {"choice": "restricted"})
        assert browser.location == "/.sekisho/enrol"
        live = await browser.live()
        assert live is not None
        assert live.record.session.restricted_at is None

    async def test_office_staff_never_see_it(self, world: World) -> None:
        assert (await (await world.sign_in(STAFF)).get("/.sekisho/choice")).location == "/.sekisho/enrol"


class TestEnrolment:
    async def test_the_first_code_raises_the_session_and_is_used(self, world: World) -> None:
        browser = await world.sign_in()
        page = await browser.get("/.sekisho/enrol")
        for label in (
            ">登録</button>",
            ">キャンセル</button>",
            "認証アプリを未インストールの方はこちら",
            "otpauth://totp/",
        ):
            assert label in page.text
        typed = code(browser.key(), world.now[0])
        before = browser.token
        await browser.post("/.sekisho/enrol", {"totp": typed})
        assert (browser.status, browser.location) == (303, "/login")
        assert browser.token != before
        live = await browser.live()
        assert live is not None
        assert live.record.session.totp_at == NOON
        again = await world.sign_in()
        await again.post("/.sekisho/code", {"totp": typed})
        assert again.location == "/.sekisho/code?fault=used"
        assert "このコードは使用済みです" in (await again.get(again.location)).text

    async def test_a_reload_shows_the_same_secret_and_moves_its_end(self, world: World) -> None:
        browser = await world.sign_in()
        first = (await browser.get("/.sekisho/enrol")).key()
        assert "12:10 まで有効" in browser.text
        world.now[0] += 300
        assert (await browser.get("/.sekisho/enrol")).key() == first
        assert "12:15 まで有効" in browser.text

    async def test_another_browser_gets_another_secret_and_the_first_can_confirm_no_more(self, world: World) -> None:
        first, second = await world.sign_in(), await world.sign_in()
        await first.get("/.sekisho/enrol")
        secret = first.key()
        assert (await second.get("/.sekisho/enrol")).key() != secret
        await first.post("/.sekisho/enrol", {"totp": code(secret, world.now[0])})
        assert first.location == "/.sekisho/enrol?fault=ended"
        assert not await world.registry.second_factor(EMPLOYEE.login_id)

    async def test_a_secret_that_ended_is_replaced_and_the_page_says_so(self, world: World) -> None:
        browser = await world.sign_in()
        secret = (await browser.get("/.sekisho/enrol")).key()
        world.now[0] += 601
        await browser.post("/.sekisho/enrol", {"totp": code(secret, world.now[0])})
        page = await browser.get(browser.location)
        assert page.key() != secret
        assert "有効期限が切れた" in page.text

    async def test_a_secret_or_nonce_of_the_browsers_own_is_ignored(self, world: World) -> None:
        browser = await world.sign_in()
        await browser.get("/.sekisho/enrol")
        own = pyotp.random_base32()
        form = {"totp": code(own, world.now[0]), "secret": own, "nonce": "x", "enrolment": "x"}
        assert (await browser.post("/.sekisho/enrol", form)).location == "/.sekisho/enrol?fault=wrong"

    async def test_whoever_is_enrolled_sees_neither_qr_nor_key_again(self, world: World) -> None:
        secret = await enrol(world, await world.sign_in())
        for browser in (await world.sign_in(), await world.sign_in(restricted=True)):
            assert (await browser.get("/.sekisho/enrol")).location == "/.sekisho/code"
            page = await browser.get("/.sekisho/code")
            assert secret[:8] not in page.text
            assert "otpauth" not in page.text

    async def test_five_wrong_codes_lock_enrolment_too(self, world: World) -> None:
        browser = await world.sign_in()
        secret = (await browser.get("/.sekisho/enrol")).key()
        for _ in range(5):
            await browser.post("/.sekisho/enrol", {"totp": wrong(secret, world.now[0])})
        assert browser.location == "/.sekisho/locked"
        await browser.post("/.sekisho/enrol", {"totp": code(secret, world.now[0])})
        assert browser.location == "/.sekisho/locked"
        assert await world.registry.second_factor(EMPLOYEE.login_id) is None

    async def test_a_copied_secret_of_somebody_else_is_no_use(self, world: World) -> None:
        browser = await world.sign_in()
        secret = base = await enrol(world, browser)
        factor = await world.registry.second_factor(EMPLOYEE.login_id)
        assert factor is not None
        assert base.encode() not in factor.secret
        assert world.keys.open(factor.secret, EMPLOYEE.login_id.encode()).decode() == secret


class TestCode:
    async def test_the_right_code_raises_the_session(self, world: World) -> None:
        secret = await enrol(world, await world.sign_in())
        browser = await world.sign_in()
        await browser.get("/.sekisho/code")
        assert ">認証</button>" in browser.text
        await browser.post("/.sekisho/code", {"totp": code(secret, world.now[0])})
        live = await browser.live()
        assert live is not None
        assert live.record.session.totp_at == world.now[0]
        assert "HttpOnly" in browser.answer_headers["Set-Cookie"]

    async def test_spaces_and_full_width_digits_are_forgiven(self, world: World) -> None:
        secret = await enrol(world, await world.sign_in())
        browser = await world.sign_in()
        typed = code(secret, world.now[0]).translate(FULL_WIDTH)
        await browser.post("/.sekisho/code", {"totp": f" {typed[:3]}　{typed[3:]} "})
        assert browser.location == "/login"

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ("", "6桁の数字を入力してください"),
            ("12345", "数字が5桁です。6桁で入力してください"),
            ("1234567", "数字が7桁です"),
            ("12a456", "数字だけを入力してください"),
            ("١٢٣٤٥٦", "数字だけを入力してください"),
        ],
    )
    async def test_what_cannot_be_a_code_is_said_and_not_counted(self, world: World, typed: str, sentence: str) -> None:
        await enrol(world, await world.sign_in())
        browser = await world.sign_in()
        await browser.post("/.sekisho/code", {"totp": typed})
        assert browser.status == 303
        assert sentence in (await browser.get(browser.location)).text
        assert (await world.registry.lock_state(EMPLOYEE.login_id)).failures == 0

    async def test_the_page_counts_down_and_advises_on_the_clock_from_the_second_on(self, world: World) -> None:
        secret = await enrol(world, await world.sign_in())
        browser = await world.sign_in()
        for left in (4, 3, 2):
            await browser.post("/.sekisho/code", {"totp": wrong(secret, world.now[0])})
            page = await browser.get(browser.location)
            assert f"あと{left}回間違えると30分使えなくなります" in page.text
            assert ("端末の時計" in page.text) is (left < 4)
        await browser.post("/.sekisho/code", {"totp": wrong(secret, world.now[0])})
        assert "次も間違えると30分使えなくなります" in (await browser.get(browser.location)).text

    async def test_reloading_the_page_with_the_error_counts_nothing(self, world: World) -> None:
        secret = await enrol(world, await world.sign_in())
        browser = await world.sign_in()
        await browser.post("/.sekisho/code", {"totp": wrong(secret, world.now[0])})
        for _ in range(9):
            await browser.get(browser.location)
        assert (await world.registry.lock_state(EMPLOYEE.login_id)).failures == 1

    async def test_nobody_can_put_a_count_into_an_address(self, world: World) -> None:
        await enrol(world, await world.sign_in())
        page = await (await world.sign_in()).get("/.sekisho/code?fault=wrong")
        assert 'role="alert"' not in page.text

    async def test_the_lock_stands_for_every_browser_and_for_pages_opened_before(self, world: World) -> None:
        secret = await enrol(world, await world.sign_in())
        opened_before, guesser = await world.sign_in(), await world.sign_in()
        await opened_before.get("/.sekisho/code")
        for _ in range(5):
            await guesser.post("/.sekisho/code", {"totp": wrong(secret, world.now[0])})
        assert guesser.location == "/.sekisho/locked"
        await opened_before.post("/.sekisho/code", {"totp": code(secret, world.now[0])})
        assert opened_before.location == "/.sekisho/locked"
        page = await (await world.sign_in()).get("/.sekisho/locked")
        assert "12:31 まで認証できません" in page.text
        world.now[0] += 1801
        late = await world.sign_in()
        assert (await late.get("/.sekisho/locked")).location == "/.sekisho/code"
        await late.post("/.sekisho/code", {"totp": code(secret, world.now[0])})
        assert late.location == "/login"

    async def test_twenty_in_a_row_stop_it_for_good(self, world: World) -> None:
        secret = await enrol(world, await world.sign_in())
        browser = await world.sign_in()
        for _ in range(4):
            for _ in range(5):
                browser = await world.sign_in()
                await browser.post("/.sekisho/code", {"totp": wrong(secret, world.now[0])})
            world.now[0] += 1801
        page = await (await world.sign_in()).get("/.sekisho/locked")
        assert "認証コードを利用できません" in page.text
        assert "2要素認証設定初期化" in page.text

    async def test_fifty_wrong_codes_at_once_are_evaluated_five_times(self, world: World) -> None:
        secret = await enrol(world, await world.sign_in())
        browsers = [await world.sign_in() for _ in range(50)]
        typed = wrong(secret, world.now[0])
        await asyncio.gather(*(browser.post("/.sekisho/code", {"totp": typed}) for browser in browsers))
        assert sum(browser.location == "/.sekisho/code?fault=wrong" for browser in browsers) == 4
        assert sum(browser.location == "/.sekisho/locked" for browser in browsers) == 46
        state = await world.registry.lock_state(EMPLOYEE.login_id)
        assert (state.failures, state.total) == (5, 5)

    async def test_a_right_code_sent_from_many_browsers_at_once_opens_one(self, world: World) -> None:
        secret = await enrol(world, await world.sign_in())
        browsers = [await world.sign_in() for _ in range(4)]
        typed = code(secret, world.now[0])
        await asyncio.gather(*(browser.post("/.sekisho/code", {"totp": typed}) for browser in browsers))
        assert sum(browser.location == "/login" for browser in browsers) == 1

    async def test_every_outcome_is_in_the_audit_record_under_its_reference(self, world: World) -> None:
        secret = await enrol(world, await world.sign_in())
        browser = await world.sign_in()
        drifted = code(secret, world.now[0] + 300)
        await browser.post("/.sekisho/code", {"totp": drifted})
        await browser.post("/.sekisho/code", {"totp": code(secret, world.now[0])})
        events = await world.registry.audit_events("R-77")
        assert [event.name for event in events] == [
            "portal.enrolment.begun",
            "portal.enrolment.confirmed",
            "portal.code.refused",
            "portal.code.accepted",
        ]
        assert {event.address for event in events} == {"192.0.2.7"}
        assert ("clock_offset_steps", "10") in events[2].detail
        assert not any(drifted in str(event) or secret in str(event) for event in events)


class TestStepUp:
    async def waiting(self, world: World, kind: str = "visit") -> Browser:
        target = Continuation(b"/shugyo/sheet?month=202610", "form" if kind == "form" else "visit", "/shugyo/sheet")
        return await world.sign_in(waiting=target, restricted=True)

    async def test_it_says_what_needs_a_code_and_leads_there_and_back(self, world: World) -> None:
        browser = await self.waiting(world)
        page = await browser.get("/.sekisho/step-up", Referer="http://127.0.0.1:8080/shugyo/punch?a=1")
        assert "この機能には認証コードが必要です" in page.text
        assert "/shugyo/sheet" in page.text
        assert 'href="/shugyo/punch?a=1">就業打刻・明細閲覧の利用に戻る' in page.text
        assert "送信した内容は保管しています" not in page.text
        await browser.get("/.sekisho/code?back=/shugyo/punch%3Fa%3D1")
        assert browser.location == "/.sekisho/enrol?back=/shugyo/punch%3Fa%3D1"
        assert 'href="/shugyo/punch?a=1"' in (await browser.get(browser.location)).text
        await browser.post("/.sekisho/enrol", {"totp": code(browser.key(), world.now[0])})
        assert browser.location == "/shugyo/sheet?month=202610"

    async def test_a_form_that_was_sent_is_kept_and_the_page_says_so(self, world: World) -> None:
        page = await (await self.waiting(world, "form")).get("/.sekisho/step-up")
        assert "送信した内容は保管しています" in page.text

    @pytest.mark.parametrize(
        "back",
        ["//evil.example/", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "/.sekisho/x", ""],
    )
    async def test_the_way_back_leads_nowhere_else(self, world: World, back: str) -> None:
        browser = await self.waiting(world)
        page = await browser.get(str(URL("/.sekisho/step-up").with_query(back=back)), Referer="https://evil.example/x")
        assert 'href="/login">就業打刻・明細閲覧の利用に戻る' in page.text
        assert "evil" not in page.text

    async def test_the_way_back_is_kept_over_a_wrong_code(self, world: World) -> None:
        browser = await self.waiting(world)
        own_page = "http://127.0.0.1:8080/.sekisho/enrol?back=/shugyo/punch"
        await browser.get("/.sekisho/enrol")
        await browser.post("/.sekisho/enrol", {"totp": ""}, Referer=own_page)
        assert 'href="/shugyo/punch"' in (await browser.get(browser.location)).text

    async def test_a_target_that_looks_like_another_host_stays_here(self, world: World) -> None:
        browser = await world.sign_in(waiting=Continuation(b"//evil.example/x", "visit", "x"))
        await browser.post("/.sekisho/choice", {"choice": "restricted"})
        assert browser.location == "http://127.0.0.1:8080//evil.example/x"

    async def test_whoever_has_nothing_waiting_goes_to_the_apps_sign_in_page(self, world: World) -> None:
        browser = await world.sign_in(waiting=None)
        assert (await browser.post("/.sekisho/choice", {"choice": "restricted"})).location == "/login"

    async def test_a_full_session_has_no_business_here(self, world: World) -> None:
        browser = await self.waiting(world)
        world.policy[0] = replace(world.policy[0], required=False)
        for path in ("step-up", "code", "enrol", "locked", "choice"):
            assert (await browser.get(f"/.sekisho/{path}")).location == "/shugyo/sheet?month=202610"


class TestCancel:
    async def test_it_ends_both_sessions_and_goes_to_the_sign_in_page(self, world: World) -> None:
        browser = await world.sign_in()
        before = browser.token
        await browser.post("/.sekisho/cancel", {})
        assert (browser.status, browser.location, browser.token) == (303, "/login", None)
        assert world.signed_out == [EMPLOYEE.login_id]
        assert await world.sessions.load(str(before).encode()) is None

    async def test_an_app_that_does_not_answer_does_not_hold_it_up(self, world: World) -> None:
        world.sign_out_fails = True
        browser = await world.sign_in()
        assert (await browser.post("/.sekisho/cancel", {})).location == "/login"
        assert browser.token is None

    async def test_without_a_session_it_just_goes_to_the_sign_in_page(self, world: World) -> None:
        assert (await Browser(world, None).post("/.sekisho/cancel", {})).location == "/login"


class TestForms:
    @pytest.mark.parametrize("path", ["choice", "enrol", "code", "cancel"])
    async def test_a_form_without_the_token_of_this_session_does_nothing(self, world: World, path: str) -> None:
        browser, other = await world.sign_in(), await world.sign_in()
        for token in ("", await other.csrf()):
            await browser.post(f"/.sekisho/{path}", {"choice": "restricted"}, csrf=token)
            assert browser.status == 403
            assert "送信できませんでした" in browser.text
        assert await browser.live() is not None
        assert world.signed_out == []

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Origin": "http://127.0.0.1:8080"}, 303),
            ({"Origin": "null"}, 403),
            ({"Origin": "http://evil.example"}, 403),
            ({"Sec_Fetch_Site": "same-origin", "Origin": "http://localhost:8080"}, 303),
            ({"Sec_Fetch_Site": "cross-site", "Origin": "http://127.0.0.1:8080"}, 403),
            ({"Sec_Fetch_Site": "same-site"}, 403),
        ],
    )
    async def test_a_form_counts_from_our_own_pages_only(
        self, world: World, headers: dict[str, str], status: int
    ) -> None:
        browser = await world.sign_in()
        assert (await browser.post("/.sekisho/choice", {"choice": "restricted"}, **headers)).status == status

    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("application/x-www-form-urlencoded; charset=foo", b"csrf=%FF"),
            ("application/x-www-form-urlencoded; charset=utf-16", b"csrf=1"),
            ("application/x-www-form-urlencoded; charset=raw_unicode_escape", b"csrf=\\ud800"),
            ("application/x-www-form-urlencoded", b"csrf=\xff"),
            ("multipart/form-data; boundary=x", b"csrf=1"),
            ("multipart/form-data", b"csrf=1"),
            ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--"),
            (
                "multipart/form-data; boundary=x",
                BROKEN_PART,
            ),
        ],
    )
    async def test_what_no_browser_makes_of_our_forms_is_malformed_and_no_failure_of_ours(
        self, world: World, content_type: str, body: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        browser = await world.sign_in()
        headers = {"Cookie": f"sekisho={browser.token}", "Content-Type": content_type, "Accept": "text/html"}
        async with (
            ClientSession(cookie_jar=DummyCookieJar()) as client,
            client.post(world.address + "/.sekisho/choice", data=body, headers=headers) as answer,
        ):
            assert answer.status == 400
        assert not [record for record in caplog.records if record.exc_info]

    async def test_a_form_that_is_too_large_is_refused(self, world: World) -> None:
        browser = await world.sign_in()
        assert (await browser.post("/.sekisho/code", {"totp": "1" * (FORM_BYTES + 1)})).status == 413


class TestNobody:
    @pytest.mark.parametrize("path", ["choice", "enrol", "code", "locked", "step-up"])
    async def test_a_stranger_is_led_to_the_sign_in_page(self, world: World, path: str) -> None:
        browser = await Browser(world, None).get(f"/.sekisho/{path}")
        assert (browser.status, browser.location) == (303, "/login")

    async def test_whoever_was_signed_in_is_told_that_it_ended(self, world: World) -> None:
        browser = await world.sign_in()
        world.now[0] += 1801
        await browser.get("/.sekisho/code")
        assert browser.status == 401
        assert "ログインの有効時間が切れました" in browser.text
        assert 'href="/login"' in browser.text
        assert browser.token is None

    async def test_a_person_at_the_page_is_not_idle(self, world: World) -> None:
        browser = await world.sign_in()
        for _ in range(3):
            world.now[0] += 1700
            assert (await browser.get("/.sekisho/choice")).status == 200

    async def test_two_session_cookies_are_none(self, world: World) -> None:
        browser = await world.sign_in()
        await browser.get("/.sekisho/code", Cookie=f"sekisho=x; sekisho={browser.token}")
        assert browser.status == 400

    async def test_help_and_assets_are_public_and_cached_rightly(self, world: World) -> None:
        browser = await Browser(world, None).get("/.sekisho/help/install")
        assert browser.status == 200
        assert browser.answer_headers["Cache-Control"] == "no-store"
        for name in ("Google Authenticator", "Authenticator", "パスワード"):
            assert name in browser.text
        style = browser.text.split('rel="stylesheet" href="')[1].split('"')[0]
        await browser.get(style)
        assert browser.status == 200
        assert "immutable" in browser.answer_headers["Cache-Control"]
        assert (await browser.get("/.sekisho/assets/other.css")).status == 404

    async def test_pages_speak_english_to_english_browsers(self, world: World) -> None:
        browser = await world.sign_in()
        browser.language = "en-US,en;q=0.9"
        page = await browser.get("/.sekisho/choice")
        assert "Use the time clock and payslips only" in page.text
        assert '<html lang="en">' in page.text


class TestFaults:
    async def test_a_registry_that_is_down_refuses_codes_and_signs_nobody_out(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        browser = await world.sign_in()
        await browser.get("/.sekisho/enrol")
        monkeypatch.setattr(world.registry, "_database", Down())
        await browser.post("/.sekisho/enrol", {"totp": "123456"})
        assert browser.status == 503
        assert "ただいま利用できません" in browser.text
        assert "Set-Cookie" not in browser.answer_headers
        assert await browser.live() is not None
        assert (await browser.post("/.sekisho/choice", {"choice": "restricted"})).location == "/login"

    async def test_every_answer_carries_the_headers_and_nothing_names_the_server(self, world: World) -> None:
        browser = await world.sign_in()
        for path in ("choice", "code", "nothing", "help/install", "help/nothing"):
            await browser.get(f"/.sekisho/{path}")
            assert browser.answer_headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in browser.answer_headers["Content-Security-Policy"]
            assert "Server" not in browser.answer_headers

    async def test_a_script_gets_a_reason_not_a_page(self, world: World) -> None:
        browser = await world.sign_in()
        world.now[0] += 1801
        await browser.get("/.sekisho/code", Accept="*/*")
        assert json.loads(browser.text)["reason"] == "sign-in-expired"

    @pytest.mark.parametrize("path", ["help/install", "locked", "nothing"])
    async def test_a_method_that_a_page_does_not_know_is_said(self, world: World, path: str) -> None:
        browser = await world.sign_in()
        assert (await browser.post(f"/.sekisho/{path}", {})).status in (404, 405)


class Down:
    """A database that does not answer."""

    def __getattr__(self, name: str) -> object:
        raise StoreUnavailable("registry", "down")
