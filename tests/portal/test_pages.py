"""Every page, in every shape and both languages, through the renderer alone."""

from __future__ import annotations

import functools
import json
import re
import string
from pathlib import Path

import pytest

from gateway.config.settings import Service, Support
from gateway.core.messages import RequestHead
from gateway.core.problems import Problem
from gateway.portal.misfits import PAGE_LIMIT, misfits
from gateway.portal.pages import TEMPLATES, Renderer
from gateway.portal.problems import NATURES
from gateway.portal.samples import SAMPLES
from gateway.portal.views import ChoiceView, CodeView, LockedView, Message, PageName, ProblemView, View
from gateway.portal.words import LANGUAGES, en, ja, preferred_language

NOW = 1_795_230_000.0  # 2026-11-21 12:00 in Tokyo
SERVICE = Service(
    "ネットde顧問",
    operator="株式会社エムケイシステム",
    support=Support("お問合せ窓口", "0120-000-000", "平日9時～17時", "https://support.example/", "help@example.jp"),
)


@functools.cache  # templates are compiled once, not for every page
def renderer(service: Service = SERVICE, *, framed: bool = False, secure: bool = True) -> Renderer:
    return Renderer(service, lambda: NOW, framed=framed, secure=secure)


def head(*headers: tuple[bytes, bytes]) -> RequestHead:
    return RequestHead(b"GET", b"/x", "1.1", headers)


def sample_id(view: View) -> str:
    return f"{view.name}-{getattr(view, 'problem', '')}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", SAMPLES, ids=sample_id)
def test_every_page_is_small_and_holds_no_inline_style_or_script(view: View, language: str) -> None:
    html = renderer().page(view, language, "R-1")
    assert len(html.encode()) < PAGE_LIMIT
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?! src=)|javascript:", html)
    assert f'<html lang="{language}">' in html
    assert html.count("<h1>") == 1
    assert "R-1" in html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", SAMPLES, ids=sample_id)
def test_every_page_has_at_most_one_main_button(view: View, language: str) -> None:
    assert len(re.findall(r'class="main"', renderer().page(view, language))) <= 1


def gaps(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_catalogues_hold_the_same_sentences_with_the_same_gaps() -> None:
    assert ja.WORDS.keys() == en.WORDS.keys()
    assert {key: gaps(text) for key, text in ja.WORDS.items()} == {key: gaps(text) for key, text in en.WORDS.items()}


def test_every_problem_has_its_three_sentences_and_a_nature() -> None:
    assert set(NATURES) == set(Problem)
    for problem in Problem:
        assert {f"{problem}.title", f"{problem}.what", f"{problem}.next"} <= ja.WORDS.keys()


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "ja"),
        ("fr", "ja"),
        ("en-GB,en;q=0.9,ja;q=0.5", "en"),
        ("en;q=0.3, ja;q=0.8", "ja"),
        ("fr, en;q=0.2", "en"),
        ("en;q=x", "ja"),
        ("en;q=0", "ja"),
    ],
)
def test_the_browser_chooses_the_language(accepted: str, language: str) -> None:
    assert preferred_language(accepted) == language


def test_the_lock_page_says_when_it_ends_in_the_operators_zone() -> None:
    html = renderer().page(LockedView("t", NOW + 1800), "ja")
    assert "12:30 まで認証できません" in html
    assert "2026年11月21日(土) 12:30" in html


def test_the_lock_page_names_the_day_when_the_lock_ends_on_another() -> None:
    assert "2026年11月22日(日) 0:05 まで認証できません" in renderer().page(LockedView("t", NOW + 12 * 3600 + 300), "ja")


def test_the_title_of_a_page_with_an_error_begins_with_it() -> None:
    fault = Message("fault.wrong", (("left", 3), ("length", 1800.0)))
    html = renderer().page(CodeView("t", "B1", 5, 1800.0, fault), "ja")
    assert "<title>エラー: 認証コードの入力 - ネットde顧問</title>" in html
    assert 'role="alert"' in html
    assert 'aria-describedby="totp-hint totp-error"' in html
    assert "あと3回間違えると30分使えなくなります" in html


def test_the_code_field_takes_a_paste_and_is_found_by_password_managers() -> None:
    field = re.search(r"<input id=\"totp\"[^>]*>", renderer().page(CodeView("t", "B1", 5, 1800.0), "ja"))
    assert field is not None
    for attribute in ('name="totp"', 'type="text"', 'inputmode="numeric"', 'autocomplete="one-time-code"'):
        assert attribute in field[0]
    for forbidden in ("maxlength", "pattern", "required", "value="):
        assert forbidden not in field[0]


def test_the_choice_uses_the_wording_of_the_announcement() -> None:
    html = renderer().page(ChoiceView("t", Message("choice.restricted.punch+payslip")), "ja")
    for wording in (
        "すべての機能を利用する",
        "就業打刻・明細閲覧のみ利用する",
        "全ての機能を利用する場合は2要素認証が必要です",
        "キャンセル",
    ):
        assert f">{wording}<" in html


def test_what_people_typed_is_escaped() -> None:
    html = renderer().page(CodeView("t", "<script>alert(1)</script>", 5, 1800.0), "ja")
    assert "<script>alert" not in html


def test_the_policy_of_a_page_allows_nothing_from_elsewhere() -> None:
    headers = dict(renderer().headers)
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" in headers
    assert "Strict-Transport-Security" not in dict(renderer(secure=False).headers)
    assert "frame-ancestors 'self'" in dict(renderer(framed=True).headers)["Content-Security-Policy"]


def test_a_navigation_gets_a_page_about_the_fault_and_a_script_gets_json() -> None:
    page = renderer().error_answer(Problem.UPSTREAM_DOWN, head((b"Accept", b"text/html")), "R-9")
    script = head((b"Accept", b"*/*"))
    data = renderer().error_answer(Problem.CODE_DUE, script, "R-9", reason="needs-full", code_page="/c")
    assert (page.status, data.status) == (502, 403)
    assert "お問い合わせ番号 <span>R-9</span>" in page.body.decode()
    assert (b"Retry-After", b"30") in page.headers
    assert (b"Content-Type", b"application/problem+json") in data.headers
    document = json.loads(data.body)
    assert document == {
        "type": "about:blank",
        "title": "code due",
        "status": 403,
        "reason": "needs-full",
        "reference": "R-9",
        "code_page": "/c",
    }


@pytest.mark.parametrize("problem", list(Problem))
def test_every_problem_answers_people_and_scripts_alike_and_never_redirects(problem: Problem) -> None:
    for asked in (None, head((b"Accept", b"text/html")), head((b"Sec-Fetch-Mode", b"cors"))):
        answer = renderer().error_answer(problem, asked, "R-9", action="/login")
        assert answer.status == NATURES[problem].status >= 400
        assert b"R-9" in answer.body
        assert not any(name.lower() == b"location" for name, _ in answer.headers)


def test_a_401_carries_a_challenge() -> None:
    answer = renderer().error_answer(Problem.EXPIRED, head((b"Accept", b"*/*")), "R-9")
    assert any(name == b"WWW-Authenticate" for name, _ in answer.headers)


def test_the_operators_face_is_on_every_page(tmp_path: Path) -> None:
    logo = tmp_path / "logo.svg"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    service = Service("顧問", logo=logo, colour="#ffcc00", sentences=(("code", "受付は平日のみです。"),))
    drawn = renderer(service)
    html = drawn.page(CodeView("t", "B1", 5, 1800.0), "ja")
    assert drawn.assets.logo is not None
    assert f'src="{drawn.assets.logo.address}" alt="顧問"' in html
    assert "受付は平日のみです。" in html
    assert "受付は平日のみです。" not in drawn.page(ProblemView("refused"), "ja")
    assert b"--brand:#ffcc00" in drawn.assets.style.content


@pytest.mark.parametrize("colour", ["red", "#12345", "#fff;}body{display:none"])
def test_a_colour_that_is_none_is_refused(colour: str) -> None:
    with pytest.raises(ValueError, match="no colour"):
        renderer(Service("x", colour=colour))


def test_an_asset_changes_its_name_with_its_content() -> None:
    assert renderer(Service("x", colour="#111")).assets.style.address != renderer().assets.style.address


class TestOverrides:
    def service(self, folder: Path) -> Service:
        return Service("x", templates=folder)

    def test_no_folder_fits(self) -> None:
        assert misfits(SERVICE) == []

    def test_copies_of_our_own_templates_fit(self, tmp_path: Path) -> None:
        for own in TEMPLATES.glob("*.html"):
            (tmp_path / own.name).write_text(own.read_text())
        assert misfits(self.service(tmp_path)) == []

    def test_a_page_without_its_field_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "code.html").write_text(
            '{% extends "base.html" %}{% block title %}x{% endblock %}{% block content %}{% endblock %}'
        )
        found = misfits(self.service(tmp_path))
        assert 'code.html (ja): has no name="totp", without which the page does not work' in found

    def test_a_replaced_page_is_shown(self, tmp_path: Path) -> None:
        (tmp_path / "install.html").write_text("<p>{{ frame.service }} の手順</p>")
        assert misfits(self.service(tmp_path)) == []
        view = next(view for view in SAMPLES if view.name is PageName.INSTALL)
        assert renderer(self.service(tmp_path)).page(view, "ja") == "<p>x の手順</p>"

    def test_an_unknown_variable_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "install.html").write_text("{{ view.nonsense }}")
        assert any("nonsense" in line for line in misfits(self.service(tmp_path)))

    def test_a_broken_template_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "code.html").write_text("{% if %}")
        assert any(line.startswith("code.html") for line in misfits(self.service(tmp_path)))

    def test_a_template_of_no_page_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "kode.html").write_text("")
        assert misfits(self.service(tmp_path))[0].startswith("kode.html: no page")

    def test_a_folder_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        assert misfits(self.service(tmp_path / "none")) == [f"{tmp_path / 'none'}: not a folder"]

    def test_the_example_that_is_shipped_fits(self) -> None:
        example = Path(__file__).parents[2] / "templates" / "example"
        assert misfits(self.service(example)) == []


@pytest.mark.parametrize(
    ("method", "target", "offered"),
    [
        (b"GET", b"/meisai/list?emp=01&x=2", True),
        (b"POST", b"/meisai/list", False),
        (b"GET", b"//evil.test/x", False),
        (b"GET", b"/\\evil.test", False),
    ],
)
def test_what_may_work_in_a_moment_is_offered_again(method: bytes, target: bytes, offered: bool) -> None:
    asked = RequestHead(method, target, "1.1", ((b"Accept", b"text/html"),))
    page = renderer().error_answer(Problem.UPSTREAM_DOWN, asked, "R-9").body.decode()
    assert ("もう一度開く</a>" in page) is offered
    assert ('href="/meisai/list?emp=01&amp;x=2"' in page) is (offered and b"emp" in target)


@pytest.mark.parametrize("problem", [Problem.NOT_FOUND, Problem.REFUSED])
@pytest.mark.parametrize(
    ("target", "offered"), [(b"/.sekisho/none", True), (b"//evil.test/x", True), (b"/", False), (b"/?x=1", False)]
)
def test_a_wrong_address_leads_to_the_start_page_unless_it_is_that(
    problem: Problem, target: bytes, offered: bool
) -> None:
    asked = RequestHead(b"GET", target, "1.1", ((b"Accept", b"text/html"),))
    page = renderer().error_answer(problem, asked, "R-9").body.decode()
    assert ('<a class="main" href="/">トップへ戻る</a>' in page) is offered
