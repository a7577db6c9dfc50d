"""The demo's legacy apps are as awkward as the documents say real ones are: what the gateway is then tested against."""

from __future__ import annotations

import pytest

from gateway.demo import pdf
from gateway.demo.looks import clamp_month, clamp_year
from gateway.demo.pay import last_months
from gateway.demo.people import PEOPLE
from tests.demo.conftest import Ask, Browser


def test_sign_in_redirects_to_the_menu_and_keeps_the_session_id(browser: Browser) -> None:
    browser.get("/login")
    before = browser.cookie("JSESSIONID")
    answer = browser.sign_in("B00000101")
    assert (answer.status, answer.header("location")) == (302, "/top")
    assert before is not None
    assert browser.cookie("JSESSIONID") == before
    assert "ようこそ、山田 花子 さん".encode() in browser.get("/top").decoded_body()


def test_phone_sign_in_answers_with_the_menu_itself(browser: Browser) -> None:
    answer = browser.sign_in("B00000101", "/sp/login")
    assert answer.status == 200
    assert answer.header("content-encoding") == "gzip"
    assert b'<ul id="menu">' in answer.decoded_body()


@pytest.mark.parametrize("path", ["/login", "/sp/login"])
def test_wrong_password_is_200_with_the_apps_own_words(browser: Browser, path: str) -> None:
    answer = browser.sign_in("B00000101", path, "wrong")
    assert answer.status == 200
    assert "IDまたはパスワードが違います。".encode() in answer.body
    assert browser.get("/top").header("location") == "/login"


@pytest.mark.parametrize("login_id", [person.login_id for person in PEOPLE])
def test_everybody_signs_in_with_demo(browser: Browser, login_id: str) -> None:
    assert browser.sign_in(login_id).status == 302
    assert browser.get("/top").status == 200


@pytest.mark.parametrize(
    "target",
    ["/top", "/password", "/uketsuke/", "/option/", "/shugyo/punch", "/shugyo/sheet", "/meisai/list", "/meisai/kanri"],
)
def test_without_a_session_every_app_leads_to_sign_in(browser: Browser, target: str) -> None:
    answer = browser.get(target)
    assert (answer.status, answer.header("location")) == (302, "/login")


def test_menu_has_an_icon_for_each_service(browser: Browser) -> None:
    browser.sign_in("B00000199")
    menu = browser.get("/top").decoded_body()
    for key in ("shugyo", "meisai", "uketsuke", "kashikin", "shinsei", "mynumber"):
        assert f'<li id="icon-{key}" class="icon">'.encode() in menu
        assert browser.get(f"/static/icon-{key}.png").body.startswith(b"\x89PNG\r\n")
    assert b'href="/meisai/list?emp=99"' in menu


def test_sign_out_ends_the_session_in_every_app(browser: Browser) -> None:
    browser.sign_in("B00000101")
    kept = dict(browser.cookies)
    assert browser.get("/logout").header("location") == "/login"
    assert browser.cookie("JSESSIONID") is None
    browser.cookies = kept
    assert browser.get("/shugyo/punch").header("location") == "/login"
    assert browser.get("/meisai/list?emp=01").header("location") == "/login"


def test_attendance_speaks_shift_jis(browser: Browser) -> None:
    browser.sign_in("B00000101")
    answer = browser.get("/shugyo/punch")
    assert answer.header("content-type") == "text/html;charset=Shift_JIS"
    page = answer.decoded_body().decode("cp932")
    for word in ("出勤", "外出", "戻り", "退社", "勤務表確認", "今日は 2026年 11月 20日 金曜日です。"):
        assert word in page


def test_four_punches_change_the_state(browser: Browser) -> None:
    browser.sign_in("B00000301")
    states = [browser.get("/shugyo/genzai").body.decode()]
    for kubun in ("shukkin", "gaishutsu", "modori", "taisha", "nonsense"):
        assert browser.post("/shugyo/punch", b"kubun=" + kubun.encode()).header("location") == "/shugyo/punch"
        states.append(browser.get("/shugyo/genzai").body.decode())
    words = [state.split('"')[3] for state in states]
    assert words == ["出社前", "勤務中", "外出中", "勤務中", "退社済", "退社済"]


def test_sheet_is_chunked_and_shows_the_month_asked_for(browser: Browser) -> None:
    browser.sign_in("B00000101")
    answer = browser.get("/shugyo/sheet?month=202602")
    assert answer.header("transfer-encoding") == "chunked"
    page = answer.body.decode("cp932")
    assert "2026年02月の勤務表" in page
    assert "02月28日 土" in page
    assert "2026年11月の勤務表" in browser.get("/shugyo/sheet").body.decode("cp932")


def test_download_has_raw_shift_jis_in_its_file_name(browser: Browser) -> None:
    browser.sign_in("B00000101")
    answer = browser.get("/shugyo/sheet/csv?month=202610")
    value = dict(answer.headers)[b"content-disposition"]
    assert value == b'attachment; filename="' + "勤務表_202610_山田 花子.csv".encode("cp932") + b'"'
    assert b"\x95\x5c" in value
    assert answer.body.decode("cp932").startswith("日付,出社,退社,実働\r\n2026/10/01,")


def test_year_totals_come_without_a_length(browser: Browser) -> None:
    browser.sign_in("B00000101")
    answer = browser.get("/shugyo/nenji?year=2025")
    assert answer.header("content-length") is None
    assert answer.header("transfer-encoding") is None
    assert answer.body.decode("cp932").rstrip().endswith("</html>")


def test_application_in_shift_jis_is_listed_and_approved_by_the_supervisor(browser: Browser) -> None:
    browser.sign_in("B00000102")
    fields = "shurui={}&hizuke=2026%2F11%2F24&riyu={}".format(
        *("".join(f"%{byte:02X}" for byte in word.encode("cp932")) for word in ("残業", "予定表の能率"))
    )
    status = browser.post("/shugyo/todoke", fields.encode()).header("location")
    assert status is not None
    assert status.startswith("/shugyo/todoke/status?id=")
    page = browser.get(status).body.decode("cp932")
    assert "予定表の能率" in page
    assert "申請中" in page
    assert "残業" in browser.get("/shugyo/todoke").body.decode("cp932")
    assert "権限がありません。" in browser.get("/shugyo/jocho").body.decode("cp932")

    manager = Browser(browser.ports)
    manager.sign_in("B00000199")
    assert "B00000102" in manager.get("/shugyo/jocho").body.decode("cp932")
    manager.post("/shugyo/jocho", b"id=" + status.partition("=")[2].encode())
    assert "承認済" in browser.get(status).body.decode("cp932")
    assert "届出が見つかりません。" in manager.get(status).body.decode("cp932")


@pytest.mark.parametrize("path", ["/shugyo/somu", "/shugyo/master", "/shugyo/jocho"])
def test_managers_menus_refuse_an_employee_with_status_200(browser: Browser, path: str) -> None:
    browser.sign_in("B00000101")
    answer = browser.get(path)
    assert answer.status == 200
    assert "権限がありません。" in answer.body.decode("cp932")
    manager = Browser(browser.ports)
    manager.sign_in("B00000199")
    assert "権限がありません。" not in manager.get(path).body.decode("cp932")


def test_payslips_of_another_are_for_managers(browser: Browser) -> None:
    browser.sign_in("B00000101")
    assert "差引支給額".encode() in browser.get("/meisai/view?emp=01&month=202610").decoded_body()
    for path in ("list", "view", "shoyo", "pdf", "gensen"):
        assert "権限がありません。".encode() in browser.get(f"/meisai/{path}?emp=02&month=202610").decoded_body()
    manager = Browser(browser.ports)
    manager.sign_in("B00000199")
    assert "佐藤 一".encode() in manager.get("/meisai/view?emp=02&month=202610").decoded_body()
    everybody = manager.get("/meisai/kanri").body
    for name in ("山田 花子", "佐藤 一", "申田 能子", "総務 一郎"):
        assert name.encode() in everybody
    assert "竹本 三郎".encode() not in everybody


def test_payslip_search_leads_to_the_slip(browser: Browser) -> None:
    browser.sign_in("B00000101")
    answer = browser.post("/meisai/kensaku", b"emp=01&nen=2026&tsuki=3")
    assert answer.header("location") == "/meisai/view?emp=01&month=202603"
    assert browser.post("/meisai/kensaku", b"emp=%0d%0aX&nen=1&tsuki=1").header("location") == "/meisai/"


def test_payslip_renews_its_ticket_at_every_page(browser: Browser) -> None:
    browser.sign_in("B00000101")
    browser.get("/meisai/list?emp=01")
    first = browser.cookie("MEISAI_TICKET")
    browser.get("/meisai/view?emp=01&month=202610")
    assert first != browser.cookie("MEISAI_TICKET")


def test_pdf_has_a_right_cross_reference_table(browser: Browser) -> None:
    browser.sign_in("B00000101")
    answer = browser.get("/meisai/pdf?emp=01&month=202610")
    assert answer.header("content-type") == "application/pdf"
    start = int(answer.body.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    lines = answer.body[start:].split(b"\n")
    assert lines[0] == b"xref"
    count = int(lines[1].split()[1])
    for number in range(1, count):
        place = int(lines[2 + number].split()[0])
        assert answer.body[place:].startswith(b"%d 0 obj\n" % number)
    assert "給与明細書".encode("utf-16-be").hex().encode() in pdf.document(["給与明細書"])


def test_password_change_needs_its_token_and_renews_the_session_id(browser: Browser) -> None:
    browser.sign_in("B00000103")
    page = browser.get("/password").body.decode()
    token = page.split('name="token" value="')[1].split('"')[0]
    before = browser.cookie("JSESSIONID")
    assert "有効期限が切れました" in browser.post("/password", b"token=x&old=demo&new=n&again=n").body.decode()
    wrong = browser.post("/password", f"token={token}&old=no&new=n&again=n".encode())
    assert "現在のパスワードが違います。" in wrong.body.decode()
    differ = browser.post("/password", f"token={token}&old=demo&new=n&again=m".encode())
    assert "一致しません" in differ.body.decode()
    assert browser.cookie("JSESSIONID") == before
    assert "変更しました" in browser.post("/password", f"token={token}&old=demo&new=n&again=n".encode()).body.decode()
    assert browser.cookie("JSESSIONID") != before
    other = Browser(browser.ports)
    assert other.sign_in("B00000103").status == 200
    assert other.sign_in("B00000103", password="n").status == 302


def test_a_document_is_uploaded_listed_and_given_back(browser: Browser) -> None:
    browser.sign_in("B00000101")
    data = bytes(range(256)) * 40
    body = (
        b'--xx\r\nContent-Disposition: form-data; name="file"; filename="'
        + "書類.bin".encode()
        + b'"\r\nContent-Type: application/octet-stream\r\n\r\n'
        + data
        + b"\r\n--xx--\r\n"
    )
    assert browser.ask(Ask("POST", "/uketsuke/upload", body, "multipart/form-data; boundary=xx")).status == 302
    assert "書類.bin".encode() in browser.get("/uketsuke/").body
    assert browser.get("/uketsuke/file?id=1").body == data
    assert browser.get("/uketsuke/file?id=77").status == 404


def test_images_are_answered_with_304_when_known(browser: Browser) -> None:
    etag = browser.get("/static/style.css").header("etag")
    answer = browser.ask(Ask("GET", "/static/style.css", headers=(f"If-None-Match: {etag}",)))
    assert (answer.status, answer.body) == (304, b"")
    assert browser.get("/static/icon-nothing.png").status == 404
    assert browser.get("/shugyo/img/a.png").header("content-type") == "image/png"


def test_office_staff_have_the_offices_menu(browser: Browser) -> None:
    browser.sign_in("A00010001")
    assert b'id="office-menu"' in browser.get("/top").decoded_body()
    assert "権限がありません".encode() not in browser.get("/jigyosho/").body
    employee = Browser(browser.ports)
    employee.sign_in("B00000101")
    assert b'id="office-menu"' not in employee.get("/top").decoded_body()
    assert "権限がありません".encode() in employee.get("/jigyosho/").body


def test_language_is_a_cookie_of_its_own(browser: Browser) -> None:
    browser.sign_in("B00000101")
    assert browser.get("/lang?to=en").header("location") == "/top"
    assert browser.cookie("lang") == "en"
    assert b"Welcome, B00000101." in browser.get("/top").decoded_body()


def test_head_has_no_body(browser: Browser) -> None:
    browser.sign_in("B00000101")
    for target in ("/top", "/shugyo/sheet/csv", "/meisai/pdf?emp=01&month=202610"):
        assert browser.ask(Ask("HEAD", target)).body == b""


@pytest.mark.parametrize(("text", "month"), [("202602", "202602"), ("202613", "now"), ("２０２６０２", "now")])
def test_odd_months_are_the_present_one(text: str, month: str) -> None:
    assert clamp_month(text, "now") == month


@pytest.mark.parametrize(("text", "year"), [("2025", 2025), ("1889", 2026), ("20250", 2026), ("x", 2026)])
def test_odd_years_are_the_present_one(text: str, year: int) -> None:
    assert clamp_year(text, 2026) == year


def test_last_months_cross_the_year() -> None:
    assert last_months("202602", 4) == ["202602", "202601", "202512", "202511"]
