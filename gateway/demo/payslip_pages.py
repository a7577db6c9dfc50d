"""The payslip pages as text."""

from __future__ import annotations

from html import escape

from gateway.demo.looks import grid, page
from gateway.demo.pay import BONUS_MONTHS, Slip, last_months, slip, yen
from gateway.demo.people import Person, colleagues


def month_label(month: str) -> str:
    """`2026年11月`."""
    return f"{month[:4]}年{month[4:]}月"


def _page(person: Person, title: str, body: str) -> str:
    manager = '<td><a href="/meisai/kanri">明細管理</a>' if person.manager else ""
    tabs = (
        f'<table class="tabs" id="meisai-menu"><tr><td><a href="/meisai/list?emp={person.emp}">明細閲覧</a>'
        f'<td><a href="/meisai/gensen?emp={person.emp}">源泉徴収票閲覧</a>{manager}</table>'
    )
    crumb = f'<div id="breadcrumb"><a href="/top">ホーム</a> &#9654; {escape(title)}</div>\n'
    return page(title, crumb + body, company=person.company, tabs=tabs)


def listing(person: Person, whose: Person, month: str) -> str:
    """Pay and bonus slips of a year, and the search by month."""
    rows = []
    for one in last_months(month):
        link = f'<a href="view?emp={whose.emp}&amp;month={one}">給与明細</a>'
        if one[4:] in BONUS_MONTHS:
            link += f' <a href="shoyo?emp={whose.emp}&amp;month={one}">賞与明細</a>'
        rows.append((month_label(one), link, f'<a href="pdf?emp={whose.emp}&amp;month={one}">PDF</a>'))
    body = f"""<form method="post" action="/meisai/kensaku">
<input type=hidden name="emp" value="{whose.emp}">
<p>支給年月 <input type=text name="nen" size=4 value="{month[:4]}"> 年
<input type=text name="tsuki" size=2 value="{month[4:]}"> 月
<input class="button" type=submit value="検索"></p></form>
<p id="whose">{escape(whose.name)} さんの明細</p>
{grid(("支給年月", "明細", "出力"), rows)}"""
    return _page(person, "明細閲覧", body)


def _slip_table(paid: Slip) -> str:
    rows = (
        ("支給額", yen(paid.gross)),
        ("社会保険料", yen(paid.insurance)),
        ("所得税", yen(paid.tax)),
        ("差引支給額", yen(paid.net)),
    )
    return grid(("項目", "金額"), ((name, f'<div align=right>{amount}</div>') for name, amount in rows))


def view(person: Person, whose: Person, month: str, *, bonus: bool = False) -> str:
    """One slip."""
    title = "賞与明細" if bonus else "給与明細"
    body = f"""<p id="whose">{month_label(month)} {escape(whose.name)} （社員番号 {whose.emp}）</p>
{_slip_table(slip(whose.login_id, month, bonus=bonus))}
<p><a id="pdf" href="/meisai/pdf?emp={whose.emp}&amp;month={month}">PDFで見る</a></p>"""
    return _page(person, title, body)


def pdf_lines(whose: Person, month: str) -> list[str]:
    """What the PDF says."""
    paid = slip(whose.login_id, month)
    return [
        "給与明細書",
        f"{whose.company}　{whose.name} 殿",
        f"支給年月　{month_label(month)}",
        f"支給額　　　{yen(paid.gross)}",
        f"社会保険料　{yen(paid.insurance)}",
        f"所得税　　　{yen(paid.tax)}",
        f"差引支給額　{yen(paid.net)}",
    ]


def tax_slip(person: Person, whose: Person, year: int) -> str:
    """源泉徴収票."""
    months = [slip(whose.login_id, f"{year}{number:02d}") for number in range(1, 13)]
    rows = (
        ("支払金額", yen(sum(one.gross for one in months))),
        ("社会保険料等の金額", yen(sum(one.insurance for one in months))),
        ("源泉徴収税額", yen(sum(one.tax for one in months))),
    )
    heading = f'<p id="whose">{year}年分 {escape(whose.name)}</p>'
    return _page(person, "源泉徴収票", heading + grid(("項目", "金額"), rows))


def managers_page(person: Person, month: str, published: bool) -> str:
    """Everyone's pay, for managers."""
    rows = (
        (
            one.emp,
            escape(one.name),
            yen(slip(one.login_id, month).net),
            f'<a href="/meisai/view?emp={one.emp}&amp;month={month}">明細</a>',
        )
        for one in colleagues(person)
    )
    body = f"""<p id="month">{month_label(month)} {"公開済" if published else "未公開"}</p>
{grid(("社員番号", "氏名", "差引支給額", ""), rows)}
<form method="post" action="/meisai/kanri">
<input type=hidden name="month" value="{month}"><input class="button" type=submit value="公開"></form>"""
    return _page(person, "明細管理", body)


def forbidden(person: Person) -> str:
    """The app's own refusal, with status 200."""
    return _page(person, "エラー", '<p class="error">権限がありません。</p>')
