"""A password is checked with the app itself, whatever its sign-in is like, and no session is left behind (E1)."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from gateway.core.cookies import Jar
from gateway.core.errors import UpstreamUnavailable
from gateway.core.password_answer import PasswordAnswer
from tests.sign_in.checking import CLIENT, Asked, LittleApp, answer, checking, cookie, live

PASSWORD = "ひみつ"
FORM = "sign_in: [{path: /login, login_id: {form: user}, success: {status: 302, location: /top}}]"
PAGE = b"<form method=post action=/login><input name=user><input type=password name=pw><input type=submit></form>"
RIGHT, WRONG = PasswordAnswer.RIGHT, PasswordAnswer.WRONG
Judge = Callable[[LittleApp, Asked], bool]


def fields(asked: Asked, charset: str = "utf-8") -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(asked.body.decode("ascii"), encoding=charset).items()}


def is_right(_: LittleApp, asked: Asked) -> bool:
    sent = fields(asked)
    return (sent.get("user"), sent.get("pw")) == ("b0000011", PASSWORD)


def form_app(page: bytes = PAGE, right: Judge = is_right) -> LittleApp:
    """Signs in by 302 with a new session; gives every visitor to the form one as well; signs out at /logout."""

    def handler(app: LittleApp, asked: Asked) -> bytes:
        if asked.path == "/logout":
            app.sessions.pop(asked.session_id, None)
            return answer("302 Found", b"", "Location: /login")
        if asked.path == "/login" and asked.method == "POST":
            if right(app, asked):
                app.sessions.pop(asked.session_id, None)
                return answer("302 Found", b"", "Location: /top", cookie(app.open("B0000011")))
            return answer("200 OK", page)
        if asked.path == "/login":
            return answer("200 OK", page, *(() if asked.session_id in app.sessions else (cookie(app.open()),)))
        return answer("404 Not Found", b"")

    return LittleApp(handler)


async def test_right_and_wrong_are_told_apart_and_no_session_is_left(tmp_path: Path) -> None:
    app = form_app()
    own = app.open("B0000011")
    async with checking(tmp_path, FORM, app) as bench:
        assert await bench.ask(PASSWORD) is RIGHT
        assert await bench.ask("wrong") is WRONG
    assert app.sessions == {own: "B0000011"}, "the person's own session, and nothing else"


async def test_the_persons_own_session_takes_no_part(tmp_path: Path) -> None:
    app = form_app()
    own = app.open("B0000011")
    jar = Jar().store([f"SID={own}; Path=/".encode()], b"/", 0.0)
    async with checking(tmp_path, FORM, app) as bench:
        session = live("b0000011", jar)
        assert await bench.check(session, PASSWORD, CLIENT) is RIGHT
        assert session.record.jar == jar
    assert own not in [asked.session_id for asked in app.asked]
    assert app.sessions == {own: "B0000011"}


async def test_the_app_is_told_who_asks_and_finds_its_own_origin(tmp_path: Path) -> None:
    app = form_app()
    async with checking(tmp_path, FORM, app) as bench:
        await bench.ask(PASSWORD)
    assert [asked.method + " " + asked.path for asked in app.asked] == ["GET /login", "POST /login", "GET /logout"]
    for asked in app.asked:
        assert asked.header("x-forwarded-for") == CLIENT
        assert asked.header("x-forwarded-proto") == "https"
        assert asked.header("host") == "app.test"
    assert app.asked[1].header("origin") == "https://app.test"
    assert app.asked[1].header("referer").startswith("https://app.test/")


async def test_a_token_that_is_bound_to_the_visitor_goes_along(tmp_path: Path) -> None:
    def bound(app: LittleApp, asked: Asked) -> bool:
        return is_right(app, asked) and fields(asked).get("csrf") == "t" + asked.session_id

    def handler(app: LittleApp, asked: Asked) -> bytes:
        if asked.path == "/login" and asked.method == "GET":
            visitor = app.open()
            hidden = f"<form action='/login?lang=ja' method=post><input type=hidden name=csrf value='t{visitor}'>"
            return answer(
                "200 OK", hidden.encode() + PAGE.replace(b"<form method=post action=/login>", b""), cookie(visitor)
            )
        return plain.handler(app, asked)

    plain = form_app(right=bound)
    app = LittleApp(handler)
    async with checking(tmp_path, FORM, app) as bench:
        assert await bench.ask(PASSWORD) is RIGHT
        assert await bench.ask("wrong") is WRONG
    assert app.asked[1].target == "/login?lang=ja"
    assert app.signed_in == []


async def test_a_form_in_shift_jis_gets_shift_jis(tmp_path: Path) -> None:
    page = "<form action=/login><input name=user><input type=password name=暗証><button name=b value=表>".encode(
        "cp932"
    )

    def right(_: LittleApp, asked: Asked) -> bool:
        sent = fields(asked, "cp932")
        return (sent.get("user"), sent.get("暗証"), sent.get("b")) == ("b0000011", PASSWORD, "表")

    app = form_app(page, right)
    async with checking(tmp_path, FORM.replace("success", "charset: shift_jis, success"), app) as bench:
        assert await bench.ask(PASSWORD) is RIGHT
        assert await bench.ask("ひみ") is WRONG


async def test_success_as_a_page_with_an_element(tmp_path: Path) -> None:
    def handler(app: LittleApp, asked: Asked) -> bytes:
        if asked.path == "/login" and asked.method == "POST":
            if is_right(app, asked):
                return answer("200 OK", b"<div id=menu></div>", cookie(app.open("B0000011")))
            return answer("200 OK", PAGE, cookie(app.open()))
        return plain.handler(app, asked)

    plain = form_app()
    app = LittleApp(handler)
    rule = "sign_in: [{path: /login, login_id: {form: user}, success: {status: 200, element: '#menu'}}]"
    async with checking(tmp_path, rule, app) as bench:
        assert await bench.ask(PASSWORD) is RIGHT
        assert await bench.ask("wrong") is WRONG
    assert app.signed_in == []


def json_app() -> LittleApp:
    def handler(app: LittleApp, asked: Asked) -> bytes:
        if asked.path == "/logout":
            app.sessions.pop(asked.session_id, None)
            return answer("204 No Content")
        if asked.path == "/api/session":
            sent = json.loads(asked.body)
            assert asked.header("content-type") == "application/json"
            if sent == {"user": {"id": "b0000011", "secret": PASSWORD}}:
                return answer("200 OK", b'{"ok":true}', cookie(app.open("B0000011")), "Content-Type: application/json")
            return answer("422 No", b'{"ok":false}', "Content-Type: application/json")
        return answer("200 OK", b"<div id=root>")

    return LittleApp(handler)


JSON = "sign_in: [{path: /api/session, login_id: {json: user.id}, %ssuccess: {body: '\"ok\":true'}}]"


async def test_a_sign_in_by_script_needs_the_name_of_the_password(tmp_path: Path) -> None:
    app = json_app()
    async with checking(tmp_path, JSON % "password: user.secret, ", app) as bench:
        assert await bench.ask(PASSWORD) is RIGHT
        assert await bench.ask("wrong") is WRONG
    assert app.signed_in == []


async def test_without_that_name_the_app_is_asked_nothing(tmp_path: Path) -> None:
    app = json_app()
    async with checking(tmp_path, JSON % "", app) as bench:
        with pytest.raises(UpstreamUnavailable):
            await bench.ask(PASSWORD)
    assert [asked.method for asked in app.asked] == ["GET"]


async def test_a_sign_in_by_query(tmp_path: Path) -> None:
    def handler(app: LittleApp, asked: Asked) -> bytes:
        if asked.path == "/enter" and parse_qs(asked.target.partition("?")[2]) == {
            "id": ["b0000011"],
            "pw": [PASSWORD],
        }:
            return answer("302 Found", b"", "Location: /top", cookie(app.open("B0000011")))
        return plain.handler(app, asked)

    plain, app = form_app(), LittleApp(handler)
    rule = "sign_in: [{path: /enter, method: GET, login_id: {query: id}, password: pw, success: {location: /top}}]"
    async with checking(tmp_path, rule, app) as bench:
        assert await bench.ask(PASSWORD) is RIGHT
        assert await bench.ask("wrong") is WRONG
    assert app.signed_in == []


async def test_an_app_that_signs_out_by_a_form_with_a_token_is_signed_out_too(tmp_path: Path) -> None:
    def handler(app: LittleApp, asked: Asked) -> bytes:
        if asked.path == "/logout":
            if asked.method != "POST" or fields(asked).get("t") != asked.session_id:
                return answer("403 Forbidden", b"")
        elif asked.path == "/top":
            form = f"<form action=/logout method=post><input type=hidden name=t value={asked.session_id}></form>"
            return answer("200 OK", form.encode())
        return plain.handler(app, asked)

    plain, app = form_app(), LittleApp(handler)
    async with checking(tmp_path, FORM, app, sign_out="{path: /logout, methods: [POST]}") as bench:
        assert await bench.ask(PASSWORD) is RIGHT
    assert app.signed_in == []


@pytest.mark.parametrize("status", ["500 Oops", "503 Later"])
@pytest.mark.parametrize("broken", ["GET", "POST"])
async def test_an_app_out_of_order_says_nothing_of_a_password(tmp_path: Path, status: str, broken: str) -> None:
    def handler(app: LittleApp, asked: Asked) -> bytes:
        return answer(status, PAGE) if asked.method == broken else plain.handler(app, asked)

    plain, app = form_app(), LittleApp(handler)
    async with checking(tmp_path, FORM, app) as bench:
        with pytest.raises(UpstreamUnavailable):
            await bench.ask(PASSWORD)


async def test_an_app_that_is_down_says_nothing_of_a_password(tmp_path: Path) -> None:
    async with checking(tmp_path, FORM, form_app(), down=True) as bench:
        with pytest.raises(UpstreamUnavailable) as raised:
            await bench.ask(PASSWORD)
    assert PASSWORD not in str(raised.value)


async def test_an_app_that_is_slow_is_not_waited_for_and_what_it_opened_is_closed(tmp_path: Path) -> None:
    app = form_app()
    app.delay = lambda asked: 0.7 if asked.path == "/login" and asked.method == "POST" else 0.0
    async with checking(tmp_path, FORM, app, seconds=0.4) as bench:
        with pytest.raises(UpstreamUnavailable) as raised:
            await bench.ask(PASSWORD)
        assert raised.value.timed_out
        assert app.asked[-1].path == "/logout"


async def test_a_sign_out_that_never_ends_keeps_nobody_waiting(tmp_path: Path) -> None:
    app = form_app()
    app.delay = lambda asked: 30.0 if asked.path == "/logout" else 0.0
    async with checking(tmp_path, FORM, app, seconds=0.4) as bench, asyncio.timeout(3):
        assert await bench.ask(PASSWORD) is RIGHT


async def test_an_app_that_the_configuration_has_no_more_says_nothing(tmp_path: Path) -> None:
    async with checking(tmp_path, FORM, form_app()) as bench:
        with pytest.raises(UpstreamUnavailable):
            await bench.check(live("b0000011", app="gone"), PASSWORD, CLIENT)


async def test_no_redirect_is_followed(tmp_path: Path) -> None:
    app = LittleApp(lambda _, asked: answer("302 Found", b"", "Location: /other"))
    async with checking(tmp_path, FORM, app) as bench:
        with pytest.raises(UpstreamUnavailable):
            await bench.ask(PASSWORD)
    assert [asked.path for asked in app.asked] == ["/login"]


async def test_the_password_is_in_no_log_line_and_no_repr(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "s3cret-pass"
    async with checking(tmp_path, FORM, form_app()) as bench:
        assert await bench.ask(secret) is WRONG
    (tmp_path / "down").mkdir()
    async with checking(tmp_path / "down", FORM, form_app(), down=True) as bench:
        with pytest.raises(UpstreamUnavailable) as raised:
            await bench.ask(secret)
    assert secret not in caplog.text + repr(raised.value) + repr(vars(bench.check))
