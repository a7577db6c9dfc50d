"""The portal's pages as text: sign-in for PC and phone, the menu with its icons, notices, password."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from gateway.demo.looks import CLOCK_SCRIPT, grid, page
from gateway.demo.people import Person

WRONG = "IDまたはパスワードが違います。"


@dataclass(frozen=True, slots=True)
class Tile:
    """One icon of the menu."""

    key: str
    address: str
    label: str


def tiles(person: Person) -> tuple[Tile, ...]:
    """The icons that everybody sees; the payslip link names the person's own number."""
    return (
        Tile("shugyo", "/shugyo/punch", "ネットde就業"),
        Tile("meisai", f"/meisai/list?emp={person.emp}", "ネットde明細"),
        Tile("uketsuke", "/uketsuke/", "ネットde受付"),
        Tile("kashikin", "/kashikin/", "ネットde貸金WEB"),
        Tile("shinsei", "/shinsei/", "ネットde電子申請"),
        Tile("mynumber", "/mynumber/", "ネットdeマイナンバー"),
    )


NOTICES: tuple[tuple[str, str], ...] = (
    ("年末調整の書類提出について", "申告書は12月5日までに総務へ提出してください。ネットde受付からも送れます。"),
    ("勤務表の締め日", "毎月末日です。打刻の漏れは翌月3日までに届け出てください。"),
    ("システムの定期点検", "毎週日曜日の午前2時から4時までは、つながりにくいことがあります。"),
)


def sign_in(login_id: str = "", *, phone: bool = False, wrong: bool = False) -> str:
    """The sign-in page, with the app's own words after a wrong password."""
    action, word = ("/sp/login", "SIGN IN") if phone else ("/login", "ログイン")
    error = f'<p id="login-error">{WRONG}</p>' if wrong else ""
    body = f"""{error}<form method="post" action="{action}" name=f>
<table cellpadding=4>
<tr><td><label for="login_id">ID</label>
<td><input type=text id="login_id" name="login_id" value="{escape(login_id)}" size=20 autocomplete="username">
<tr><td><label for="password">パスワード</label>
<td><input type=password id="password" name="password" size=20 autocomplete="current-password">
<tr><td><td><input class="button" type=submit value="{word}">
</table></form>
<p>※ID、パスワードを忘れた方は管理者へご連絡ください。</p>
{'<p><a href="/login">PC版</a></p>' if phone else '<p><a href="/sp/login">スマホ版</a></p>'}"""
    return page("ネットde顧問 SIGN IN" if phone else "ネットde顧問 ログイン", body, phone=phone)


def _menu(person: Person) -> str:
    """The icons. `</li>` is left out, as HTML 4 allows and old templates do."""
    items = "\n".join(
        f'<li id="icon-{tile.key}" class="icon"><a href="{tile.address}">'
        f'<img src="/static/icon-{tile.key}.png" alt=""><br>{tile.label}</a>'
        for tile in tiles(person)
    )
    return f'<ul id="menu">\n{items}\n</ul>'


def _office_tabs() -> str:
    """What only A-IDs have above their menu."""
    links = (("/jigyosho/", "事業所設定"), ("/oshirase/toroku", "お知らせ登録"), ("/option/", "オプション設定"))
    cells = "".join(f'<td><a href="{address}">{label}</a>' for address, label in links)
    return f'<table class="tabs" id="office-menu"><tr>{cells}</table>'


def top(person: Person, today: str, *, phone: bool = False, english: bool = False) -> str:
    """The menu page."""
    links = (f'<a href="/oshirase/view?id={n}">{title}</a>' for n, (title, _) in enumerate(NOTICES, 1))
    notices = grid(("日付", "お知らせ"), ((today, link) for link in links))
    greeting = f"Welcome, {person.login_id}." if english else f"ようこそ、{escape(person.name)} さん"
    body = f"""<p id="greeting">{greeting} <span id="clock"></span></p>
{_menu(person)}
<h2>お知らせ</h2>
<div id="oshirase">{notices}</div>
<ul id="links">
<li id="link-password"><a href="/password">パスワード変更</a></li>
<li id="link-lang"><a href="/lang?to={"ja" if english else "en"}">{"日本語" if english else "English"}</a></li>
<li id="link-logout"><a href="/logout">ログアウト</a></li>
</ul>
{CLOCK_SCRIPT}"""
    tabs = _office_tabs() if person.office_staff and not phone else ""
    return page("メニュー", body, company=person.company, tabs=tabs, phone=phone)


def notice(person: Person, number: int) -> str:
    """One notice."""
    title, text = NOTICES[number - 1]
    return page(title, f"<p>{text}</p><p><a href='../top'>戻る</a></p>", company=person.company)


def password(person: Person, token: str, message: str = "") -> str:
    """The form that changes the password; `token` must come back with it."""
    body = f"""<p id="message" class="error">{message}</p>
<form method="post" action="/password">
<input type=hidden name="token" value="{token}">
<table cellpadding=4>
<tr><td><label for="old">現在のパスワード</label><td><input type=password id="old" name="old">
<tr><td><label for="new">新しいパスワード</label><td><input type=password id="new" name="new">
<tr><td><label for="again">新しいパスワード（確認）</label><td><input type=password id="again" name="again">
<tr><td><td><input class="button" type=submit value="変更">
</table></form>"""
    return page("パスワード変更", body, company=person.company)


def documents(person: Person, rows: list[tuple[int, str, int]]) -> str:
    """What has been sent in, and the form that sends more."""
    cells = ((str(n), f'<a href="file?id={n}">{escape(name)}</a>', f"{size} バイト") for n, name, size in rows)
    listed = grid(("番号", "書類", "大きさ"), cells)
    body = f"""{listed if rows else "<p>受け付けた書類はありません。</p>"}
<form method="post" action="upload" enctype="multipart/form-data">
<p><label>書類 <input type=file name="file"></label> <input class="button" type=submit value="送信"></p></form>"""
    return page("ネットde受付", body, company=person.company)


def simple(person: Person, title: str, sentence: str) -> str:
    """A page that says what would be here."""
    return page(title, f"<p>{sentence}</p><p><a href='/top'>トップへ</a></p>", company=person.company)
