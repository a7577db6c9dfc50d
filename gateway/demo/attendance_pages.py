"""The attendance pages as text, all to be sent as Shift_JIS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from html import escape

from gateway.demo.hours import WEEKDAYS, clock_text, day_label, month_days
from gateway.demo.looks import CLOCK_SCRIPT, grid, page
from gateway.demo.people import Person, colleagues

KUBUN = {"shukkin": "出勤", "gaishutsu": "外出", "modori": "戻り", "taisha": "退社"}
AFTER = {"shukkin": "勤務中", "gaishutsu": "外出中", "modori": "勤務中", "taisha": "退社済"}
TABS = {
    "punch": "打刻",
    "sheet": "勤務表",
    "todoke": "届出",
    "shift": "シフト表",
    "nenji": "年度集計",
    "jocho": "上長",
    "somu": "総務",
    "master": "マスタ",
}
SHURUI = ("有給休暇", "遅刻", "早退", "残業", "打刻修正")


@dataclass(slots=True)
class Application:
    """An application (届出) of a person."""

    number: int
    login_id: str
    kind: str
    day: str
    reason: str
    approved: bool = False

    @property
    def state(self) -> str:
        """As the list prints it."""
        return "承認済" if self.approved else "申請中"


def _page(person: Person, title: str, body: str) -> str:
    cells = "".join(f'<td id="tab-{key}"><a href="/shugyo/{key}">{label}</a>' for key, label in TABS.items())
    tabs = f'<table class="tabs" id="shugyo-menu"><tr>{cells}</table>'
    return page(title, body, charset="Shift_JIS", company=person.company, tabs=tabs)


def punch(person: Person, now: datetime, state: str, punches: list[tuple[str, str]]) -> str:
    """The four buttons, the clock, today's punches, and this month so far."""
    buttons = "\n".join(
        f'<button type=submit name="kubun" value="{key}" id="{key}">{label}</button>' for key, label in KUBUN.items()
    )
    done = "<p>本日の打刻はありません。</p>"
    if punches:
        done = grid(("時刻", "区分"), ((time, KUBUN[key]) for time, key in punches))
    week = list(month_days(person.login_id, f"{now:%Y%m}", now.date()))[max(0, now.day - 6) : now.day + 1]
    rows = ((day_label(day.day), clock_text(day.start), clock_text(day.end), "08:00") for day in week)
    body = f"""<p>今日は {now.year}年 {now.month}月 {now.day}日 {WEEKDAYS[now.weekday()]}曜日です。</p>
<p><span id="clock">{now:%H:%M}</span> 現在状況 <b id="state">{state}</b></p>
<form method="post" action="/shugyo/punch" class="punch">
{buttons}
</form>
<p><a id="sheet-link" href="sheet?month={now:%Y%m}">勤務表確認</a></p>
<div id="punches">{done}</div>
{grid(("日付", "出社", "退社", "所定"), rows)}
{CLOCK_SCRIPT}
<script type="text/javascript">
if (window.fetch) fetch("/shugyo/genzai").then(function (r) {{ return r.json(); }}).then(function (s) {{
  document.getElementById("state").title = s.shurui + " " + s.jikoku; }}, function () {{}});
</script>"""
    return _page(person, "ネットde就業", body)


def sheet(person: Person, month: str, today: date) -> str:
    """The attendance sheet of a month."""
    days = list(month_days(person.login_id, month, today))
    rows = "\n".join(
        f"<tr{' class=sun' if line.day.weekday() == 6 else ''}><td>{day_label(line.day)}<td>{clock_text(line.start)}"
        f"<td>{clock_text(line.end)}<td class=num>{clock_text(line.worked) if line.worked else ''}"
        for line in days
    )
    total = sum(line.worked for line in days)
    before = f"{int(month[:4]) - 1}12" if month.endswith("01") else str(int(month) - 1)
    body = f"""<p id="month">{month[:4]}年{month[4:]}月の勤務表 （{escape(person.name)}）</p>
<p><a id="last-month" href="?month={before}">前月</a> | <a href="/shugyo/sheet">当月</a> |
<a id="csv" href="/shugyo/sheet/csv?month={month}">ファイル出力</a></p>
<table class="list"><tr><th>日付<th>出社<th>退社<th>実働
{rows}
<tr><th>合計<td><td><td class=num id="total">{total // 60}:{total % 60:02d}</table>"""
    return _page(person, "勤務表", body)


def sheet_csv(person: Person, month: str, today: date) -> str:
    """The same for a spreadsheet."""
    lines = ["日付,出社,退社,実働"]
    lines += [
        f"{line.day:%Y/%m/%d},{clock_text(line.start)},{clock_text(line.end)},{clock_text(line.worked)}"
        for line in month_days(person.login_id, month, today)
    ]
    return "\r\n".join(lines) + "\r\n"


def applications(person: Person, own: list[Application]) -> str:
    """The list of one's own applications."""
    rows = (
        (f'<a href="/shugyo/todoke/status?id={one.number}">{one.number}</a>', one.kind, escape(one.day), one.state)
        for one in own
    )
    listed = grid(("番号", "種類", "日付", "状態"), rows) if own else "<p>届出はありません。</p>"
    return _page(person, "届出一覧", listed + '<p><a id="new" href="/shugyo/todoke/new">新しい届出</a></p>')


def new_application(person: Person, today: date) -> str:
    """The form for a new one."""
    options = "".join(f"<option>{kind}" for kind in SHURUI)
    body = f"""<form method="post" action="/shugyo/todoke">
<table cellpadding=4>
<tr><td><label for="shurui">種類</label><td><select id="shurui" name="shurui">{options}</select>
<tr><td><label for="hizuke">日付</label><td><input type=text id="hizuke" name="hizuke" value="{today:%Y/%m/%d}">
<tr><td><label for="riyu">理由</label><td><input type=text id="riyu" name="riyu" size=40>
<tr><td><td><input class="button" type=submit value="申請">
</table></form>"""
    return _page(person, "届出申請", body)


def application_status(person: Person, one: Application | None) -> str:
    """One application, or that there is none of this number."""
    if one is None:
        return _page(person, "届出状況", "<p>届出が見つかりません。</p>")
    rows = (
        ("番号", str(one.number)),
        ("種類", one.kind),
        ("日付", escape(one.day)),
        ("理由", escape(one.reason)),
        ("状態", one.state),
    )
    return _page(person, "届出状況", f'<div id="status">{grid(("項目", "内容"), rows)}</div>')


def shift(person: Person, month: str, today: date) -> str:
    """Everybody's shifts of a month: a wide page."""
    days = [line.day for line in month_days(person.login_id, month, today)]
    rows = ([escape(one.name), *(_shift_of(one, day) for day in days)] for one in colleagues(person))
    heads = ("氏名", *(str(day.day) for day in days))
    return _page(person, "シフト表", f"<p>{month[:4]}年{month[4:]}月</p>" + grid(heads, rows))


def _shift_of(person: Person, day: date) -> str:
    return "休" if day.weekday() >= 5 else "AB"[(day.day + int(person.emp)) % 2]


def year_totals(person: Person, year: int, today: date) -> str:
    """Twelve months of totals."""
    rows = []
    for number in range(1, 13):
        worked = [line.worked for line in month_days(person.login_id, f"{year}{number:02d}", today) if line.worked]
        rows.append((f"{number}月", f"{len(worked)}日", f"{sum(worked) // 60}:{sum(worked) % 60:02d}"))
    return _page(person, "年度集計", f"<p>{year}年</p>" + grid(("月", "出勤日数", "実働"), rows))


def supervisor(person: Person, waiting: list[Application]) -> str:
    """Applications that wait for this person's word."""
    rows = (
        (
            str(one.number),
            escape(one.login_id),
            one.kind,
            escape(one.day),
            one.state,
            (
                f'<form method=post action="/shugyo/jocho"><input type=hidden name=id value={one.number}>'
                '<input type=submit value="承認"></form>'
            ),
        )
        for one in waiting
    )
    return _page(person, "上長", "<p>承認待ちの届出</p>" + grid(("番号", "ID", "種類", "日付", "状態", "操作"), rows))


def managers_page(person: Person, title: str) -> str:
    """総務 and マスタ: who is in the company."""
    rows = ((one.emp, escape(one.name), escape(one.kana)) for one in colleagues(person))
    return _page(person, title, grid(("社員番号", "氏名", "カナ"), rows))


def forbidden(person: Person) -> str:
    """The app's own refusal, with status 200 as in the old days."""
    return _page(person, "エラー", '<p class="error">権限がありません。</p>')
