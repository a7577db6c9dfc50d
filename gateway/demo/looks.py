"""The look of a Japanese business system of 2005: tables, a coloured bar, small pictures, a clock by script."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from html import escape

SPACER = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

STYLE = """
body { margin: 0; background: #eef2f7; color: #222; font: 14px/1.6 "MS PGothic", "Noto Sans CJK JP", sans-serif }
#bar { background: #2a5caa; color: #fff; border-bottom: 4px solid #f0a020; width: 100% }
#bar td { padding: 8px 14px } #bar a { color: #fff } #brand { font-size: 20px; font-weight: bold; letter-spacing: 1px }
#company { text-align: right; font-size: 13px }
#main { width: 780px; max-width: 96%; margin: 14px auto; background: #fff; border: 1px solid #b8c4d6; padding: 14px 18px }
h1 { font-size: 17px; margin: 0 0 12px; padding: 4px 10px; border-left: 6px solid #2a5caa; background: #e6edf8 }
h2 { font-size: 15px; color: #2a5caa; border-bottom: 1px dotted #2a5caa }
table.list { border-collapse: collapse; width: 100%; margin: 8px 0 } table.list td, table.list th { border: 1px solid #a9b6c9; padding: 3px 8px }
table.list th { background: #dbe6f6; font-weight: normal; white-space: nowrap } td.num { text-align: right } tr.sun td { background: #ffeef0 }
#menu { list-style: none; padding: 0; margin: 0; overflow: hidden } #menu li.icon { float: left; width: 124px; text-align: center; margin: 4px }
#menu li.icon a { display: block; padding: 8px 2px; border: 1px solid #cbd5e4; background: #f8fafd; text-decoration: none; color: #1a3d7c }
#menu li.icon img { width: 48px; height: 48px; border: 0 } .tabs { background: #cfdcf0; width: 100% } .tabs td { padding: 4px 10px; font-size: 13px }
#login-error, .error { color: #c00; font-weight: bold } .foot { text-align: center; color: #678; font-size: 12px; padding: 10px }
input.button, button { font-size: 14px; padding: 5px 16px } .punch button { width: 110px; height: 48px; font-size: 17px; margin: 4px; color: #fff; border: 0 }
#shukkin { background: #2f7ed8 } #gaishutsu { background: #e08a1e } #modori { background: #39a35a } #taisha { background: #c8404f }
#clock { font: bold 30px monospace; color: #2a5caa } #breadcrumb { font-size: 12px; color: #567 }
body.sp { font-size: 16px } body.sp #main { width: auto; padding: 12px } body.sp input { width: 100%; box-sizing: border-box; font-size: 18px; padding: 10px; margin: 6px 0 }
body.sp #menu li.icon { width: 46%; margin: 2% } body.sp #bar td#company { display: none }
"""

CLOCK_SCRIPT = """<script type="text/javascript">
<!--
function tick() {
  var now = new Date(), two = function (n) { return (n < 10 ? "0" : "") + n; };
  document.getElementById("clock").innerHTML = two(now.getHours()) + ":" + two(now.getMinutes()) + " <small>" + two(now.getSeconds()) + "</small>";
}
if (document.getElementById("clock")) { tick(); setInterval(tick, 1000); }
//-->
</script>"""


def page(title: str, body: str, *, charset: str = "UTF-8", company: str = "", tabs: str = "", phone: bool = False) -> str:
    """A whole page. Attributes without quotes and forgotten end tags are on purpose: that is how such pages are."""
    viewport = '<meta name="viewport" content="width=device-width,initial-scale=1">\n' if phone else ""
    links = '<a href="/top">トップへ</a> | <a href="/logout">ログアウト</a>' if company else ""
    return f"""<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">
<html lang="ja">
<head>
<meta http-equiv="Content-Type" content="text/html; charset={charset}">
{viewport}<title>{escape(title)}</title>
<link rel="stylesheet" type="text/css" href="/static/style.css">
</head>
<body{' class="sp"' if phone else ""}>
<table id="bar" cellspacing=0 cellpadding=0 border=0><tr>
<td id="brand">ネットde顧問 <small>デモ</small>
<td id="company">{escape(company)} <img src="{SPACER}" width=10 height=1 alt=""> {links}
</table>
{tabs}<div id="main">
<h1>{escape(title)}</h1>
{body}
</div>
<div class="foot">ネットde顧問 デモ版 &nbsp; このページの内容はすべて架空のものです</div>
</body>
</html>
"""


def grid(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table with lines. Cells are HTML already; the end tags that HTML 4 lets one leave out are left out."""
    head = "".join(f"<th>{escape(word)}" for word in heads)
    lines = "\n".join("<tr>" + "".join(f"<td>{cell}" for cell in row) for row in rows)
    return f'<table class="list">\n<tr>{head}\n{lines}\n</table>'


def icon(colour: tuple[int, int, int], mark: int) -> bytes:
    """A 48 × 48 PNG: a coloured tile with a white figure that depends on `mark`."""
    rows = []
    for y in range(48):
        row = bytearray([0])
        for x in range(48):
            inside = 12 <= x < 36 and 12 <= y < 36 and ((x // 6) * 7 + (y // 6) * mark) % 3 != 0
            row += bytes((255, 255, 255) if inside else colour)
        rows.append(bytes(row))
    header = struct.pack(">IIBBBBB", 48, 48, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    chunks = (struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def clamp_year(text: str, otherwise: int) -> int:
    """A year as the apps take it from an address; anything odd is the present one."""
    return int(text) if len(text) == 4 and text.isascii() and text.isdigit() and 1990 <= int(text) <= 2099 else otherwise


def clamp_month(text: str, otherwise: str) -> str:
    """YYYYMM as the apps take it; anything odd is the present one."""
    right = len(text) == 6 and text.isascii() and text.isdigit() and 1 <= int(text[4:]) <= 12 and 1990 <= int(text[:4]) <= 2099
    return text if right else otherwise
