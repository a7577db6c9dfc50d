"""The look of a Japanese business system of 2005: tables, a coloured bar, small pictures, a clock by script."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from html import escape
from importlib.resources import files

SPACER = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

STYLE = files("gateway.demo").joinpath("style.css").read_bytes()

CLOCK_SCRIPT = """<script type="text/javascript">
<!--
function tick() {
  var now = new Date(), two = function (n) { return (n < 10 ? "0" : "") + n; };
  document.getElementById("clock").innerHTML =
    two(now.getHours()) + ":" + two(now.getMinutes()) + " <small>" + two(now.getSeconds()) + "</small>";
}
if (document.getElementById("clock")) { tick(); setInterval(tick, 1000); }
//-->
</script>"""


def page(
    title: str, body: str, *, charset: str = "UTF-8", company: str = "", tabs: str = "", phone: bool = False
) -> str:
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
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(name, data) for name, data in parts)


def _png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def clamp_year(text: str, otherwise: int) -> int:
    """A year as the apps take it from an address; anything odd is the present one."""
    number = _number(text, 4)
    return number if 1990 <= number <= 2099 else otherwise


def clamp_month(text: str, otherwise: str) -> str:
    """YYYYMM as the apps take it; anything odd is the present one."""
    year, month = divmod(_number(text, 6), 100)
    return text if 1990 <= year <= 2099 and 1 <= month <= 12 else otherwise


def _number(text: str, digits: int) -> int:
    """So many ASCII digits as a number; anything else 0."""
    return int(text) if len(text) == digits and text.isascii() and text.isdigit() else 0
