"""Elements leave a page; every other byte stays."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.html import (
    Piece,
    Spot,
    edit_elements,
    editable,
    find_element,
    parse_selector,
    remove_elements,
)

REMOVED = (
    ("<ul><li id=a>x<li id=b>y</ul>z", "#b", "<ul><li id=a>x</ul>z"),
    ("<ul><li id=b>x<li id=a>y</ul>z", "#b", "<ul><li id=a>y</ul>z"),
    ("<ul><li id=b>x<ul><li>q</ul><li>r</ul>", "#b", "<ul><li>r</ul>"),
    ("<table><tr><td id=b>1<td>2</table>", "#b", "<table><tr><td>2</table>"),
    ("<table><tbody><tr id=b><td>1<tr><td>2</table>", "#b", "<table><tbody><tr><td>2</table>"),
    ("<table><thead id=b><tr><th>1<tbody><tr><td>2</table>", "#b", "<table><tbody><tr><td>2</table>"),
    ("<table><tr><td id=b><table><tr><td>1</table>x<td>2</table>", "#b", "<table><tr><td>2</table>"),
    ("<td><a id=b>x</td>y", "#b", "<td></td>y"),
    ("<a id=b>x<a id=c>y</a>", "#b", "<a id=c>y</a>"),
    ("<div><p id=b>x<div>y</div></div>", "#b", "<div><div>y</div></div>"),
    ("<p id=b>x<p>y", "#b", "<p>y"),
    ("<select><option id=b>1<option>2</select>", "#b", "<select><option>2</select>"),
    ("<dl><dt id=b>1<dd>2</dl>", "#b", "<dl><dd>2</dl>"),
    ("<div id=b><div>x</div></div>k", "div#b", "k"),
    ("<div><div id=b>x</div>y", "#b", "<div>y"),
    ("<div id=b><table><tr><td></div>x</table></div>y", "#b", "y"),
    ("<table><tr><td id=b></div></p>x</td></tr></table>", "#b", "<table><tr></tr></table>"),
    ("<template><p id=b>x</div></template>y", "#b", "<template></template>y"),
    ("</b>x<i id=b>y</i>", "#b", "</b>x"),
    ("<img id=b>x<br id=b />y", "#b", "xy"),
    ("<svg><path id=b /><g>x</g></svg><svg id=b />y", "#b", "<svg><g>x</g></svg>y"),
    ("<div id=b />x</div>y", "#b", "y"),
    ("<div id=b><p id=b>x</p></div>y", "#b", "y"),
    (
        "<!-- <a id=b> --><script>'<a id=b>'</script><a id=b>q</a>r",
        "#b",
        "<!-- <a id=b> --><script>'<a id=b>'</script>r",
    ),
    ("<!--><a id=b>x</a>--><!---><a id=b>x</a><!--x--!><a id=b>y</a>z", "#b", "<!-->--><!---><!--x--!>z"),
    ("<!doctype html><?x <a id=b>></1><a id=b>x</a>", "#b", "<!doctype html><?x <a id=b>></1>"),
    ("<title><a id=b></title><textarea id=b></a></textarea>x", "#b", "<title><a id=b></title>x"),
    ('<a title="<b id=b>" id=c>x</a>', "#b", '<a title="<b id=b>" id=c>x</a>'),
    ("<a title='>' ID=b>x</a>y", "#b", "y"),
    ("<A CLASS='x menu y'>x</a>y", "a.menu", "y"),
    ("<a class=menus>x</a>", ".menu", "<a class=menus>x</a>"),
    ('<a href="?a=1&amp;b=2">x</a>y', 'a[href*="a=1&b"]', "y"),
    ("<a href=/app/own/list>x</a><a href=/x/app/>y</a>", "[href^='/app/']", "<a href=/x/app/>y</a>"),
    ("<a x=1 x=2>x</a>y", "[x=2]", "<a x=1 x=2>x</a>y"),
    ("<input disabled>x<input value=''>", "input[disabled]", "x<input value=''>"),
    ("<b>x</b>y", "*", "y"),
    ("<b id=b", "#b", "<b id=b"),
    ("<!-- never closed <b id=b>", "#b", "<!-- never closed <b id=b>"),
    ("<script><b id=b>", "#b", "<script><b id=b>"),
    ("<plaintext><b id=b></plaintext>", "#b", "<plaintext><b id=b></plaintext>"),
    ("<!x", "#b", "<!x"),
    ("a < b <3 <> </> <b id=b>x</b>", "#b", "a < b <3 <> </> "),
)


@pytest.mark.parametrize(("page", "selector", "left"), REMOVED)
def test_a_removal_ends_where_browsers_end_the_element(page: str, selector: str, left: str) -> None:
    assert remove_elements(page.encode(), (selector,)).decode() == left


@pytest.mark.parametrize("encoding", ["utf-8", "shift_jis", "euc_jp"])
def test_japanese_pages_keep_their_bytes(encoding: str) -> None:
    page = "<ul title='表示ソ能'><li>表示ソ<li id=b>十予申<li title=ソ>能</ul>ソ"
    left = "<ul title='表示ソ能'><li>表示ソ<li title=ソ>能</ul>ソ"
    assert remove_elements(page.encode(encoding), ("#b",)) == left.encode(encoding)


@pytest.mark.parametrize(
    "page", ["<a id=b>日本</a>".encode("iso2022_jp"), "<a id=b>x</a>".encode("utf-16"), "<a>".encode("utf-16-le")]
)
def test_a_page_that_bytes_cannot_tell_is_left_alone(page: bytes) -> None:
    assert not editable(page)
    assert remove_elements(page, ("a",)) == page


def test_several_selectors_and_none() -> None:
    page = b"<a>1</a><b>2</b><i>3</i>"
    assert remove_elements(page, ("a", "i")) == b"<b>2</b>"
    assert remove_elements(page, ()) == page


def test_an_element_is_found_outside_of_comments_and_scripts_only() -> None:
    selector = parse_selector("form#login")
    assert find_element(b"<p><form id='login'>", selector)
    for page in (b"<form>", b"<!--<form id=login>-->", b"<script><form id=login></script>", b"</form id=login>", b""):
        assert not find_element(page, selector)


@pytest.mark.parametrize(
    "text",
    ["", " ", "a b", "a>b", "a,b", "a:hover", "#", ".", "[", "[a", "[a=]", "[a~=b]", "[a^='']", "[a*=]", "#勤怠"],
)
def test_a_selector_that_is_not_understood_says_so(text: str) -> None:
    with pytest.raises(ValueError, match=r"selector|understood|needs a value"):
        parse_selector(text)


def test_a_page_full_of_unclosed_tags_takes_no_long_time() -> None:
    homeless = Piece(parse_selector(".c"), Spot.INTO, MARK)
    started = time.process_time()
    for piece in (b"<a ", b"<a b='", b"<!--", b"<li id=x>", b"<p>", b"<textarea>", b"<a " + b"x=" * 9):
        remove_elements(piece * 20000, ("#b",))
    edit_elements(b"<div><br class=c>" * 20000, (), (homeless,))
    assert time.process_time() - started < 10


PIECES = st.sampled_from(
    [
        "<div>",
        "</div>",
        "<li id=b>",
        "</li>",
        "<ul>",
        "</ul>",
        "<p id=b>",
        "</p>",
        "<td id=b>",
        "<tr>",
        "<table>",
        "</table>",
        "<a id=b>",
        "</a>",
        "<!--",
        "-->",
        "<script>",
        "</script>",
        "<img id=b>",
        "<svg>",
        "</svg>",
        "<g id=b/>",
        "x",
        "'",
        '"',
        "<",
        ">",
    ]
)


@given(st.lists(PIECES, max_size=16).map(lambda pieces: "".join(pieces).encode()) | st.binary(max_size=80))
def test_a_removal_is_a_cut_and_leaves_the_rest(page: bytes) -> None:
    """What stays is a subsequence of the page; without a hit it is the page."""
    left = remove_elements(page, ("#b", "[x]"))
    rest = iter(page)
    assert all(byte in rest for byte in left)
    if not find_element(page, parse_selector("#b")) and not find_element(page, parse_selector("[x]")):
        assert left == page


CELL_PIECES = st.sampled_from(
    [
        "<div>",
        "</div>",
        "<li id=b>",
        "</li>",
        "<ul>",
        "</ul>",
        "<p id=b>",
        "</p>",
        "<a id=b>",
        "</a>",
        "<img id=b>",
        "x",
        "<table>",
        "<svg>",
        "</svg>",
        "<g id=b/>",
        "<select id=b>",
        "<option>",
        "<b id=b>",
        "</b>",
        "</template>",
        "</body>",
    ]
)


@given(st.lists(CELL_PIECES, max_size=16).map("".join))
def test_a_removal_never_eats_beyond_its_parent(inner: str) -> None:
    """Whatever is left open or closed too often in a cell, the cell's own end and what follows stay."""
    tables = "</table>" * inner.count("<table>")
    page = f"<table><tr><td>{inner}{tables}</td><td>last</td></tr></table>"
    assert remove_elements(page.encode(), ("#b",)).endswith(b"</td><td>last</td></tr></table>")


MARK = b"<i>&#12371;</i>"
PLACED = (
    ("<ul><li>x</ul>z", "into", "ul", "<ul><li>x@</ul>z"),
    ("<ul><li>x</li></ul>z", "into", "ul", "<ul><li>x</li>@</ul>z"),
    ("<ul><li id=b>x<li>y</ul>", "into", "#b", "<ul><li id=b>x@<li>y</ul>"),
    ("<ul><li id=b>x<li>y</ul>", "after", "#b", "<ul><li id=b>x@<li>y</ul>"),
    ("<ul><li id=b>x</li><li>y</ul>", "after", "#b", "<ul><li id=b>x</li>@<li>y</ul>"),
    ("<ul><li>x<li id=b>y</ul>", "before", "#b", "<ul><li>x@<li id=b>y</ul>"),
    ("<ul><li><ul id=b></ul></ul>", "after", "#b", "<ul><li><ul id=b></ul>@</ul>"),
    ("<table id=b><tr><td>1</table>z", "into", "#b", "<table id=b><tr><td>1@</table>z"),
    ("<p>1</p><p>2</p>", "after", "p", "<p>1</p>@<p>2</p>"),
    ("x<br>y<br>z", "after", "br", "x<br>@y<br>z"),
    ("x<br>y", "before", "br", "x@<br>y"),
    ("x<br>y", "into", "br", "x<br>y"),
    ("<svg><g id=b />x</svg>", "after", "#b", "<svg><g id=b />@x</svg>"),
    ("<title id=b>x</title>", "into", "#b", "<title id=b>x</title>"),
    ("<title id=b>x</title>y", "after", "#b", "<title id=b>x</title>@y"),
    (
        "<script class=b>'</p>'</script><p class=b>y</p>",
        "into",
        ".b",
        "<script class=b>'</p>'</script><p class=b>y@</p>",
    ),
    ("<!-- <p id=b> --><p>x", "into", "#b", "<!-- <p id=b> --><p>x"),
    ("<body><p>x</p> \n", "into", "body", "<body><p>x</p>@ \n"),
    ("<body><p>x</p><a href='", "after", "body", "<body><p>x</p>@<a href='"),
    ("<body>x", "into", "body", "<body>@x"),
    ("nothing", "into", "body", "nothing"),
)


@pytest.mark.parametrize(("page", "spot", "selector", "expected"), PLACED)
def test_a_piece_goes_where_browsers_see_the_element(page: str, spot: str, selector: str, expected: str) -> None:
    piece = Piece(parse_selector(selector), Spot(spot), b"@")
    assert edit_elements(page.encode(), (), (piece,)).decode() == expected


@pytest.mark.parametrize(
    ("page", "spot", "expected"),
    [
        ("<div id=x><p class=b>1</p></div><p class=b>2</p>", "before", "@<p class=b>2</p>"),
        ("<div id=x><p class=b>1</p></div>", "after", ""),
        ("<p id=x class=b>1</p><p class=b>2</p>", "into", "<p class=b>2@</p>"),
        ("<p id=x class=b>1</p><p class=b>2</p>", "before", "@<p class=b>2</p>"),
        ("<p id=x class=b>1</p><p class=b>2</p>", "after", "@<p class=b>2</p>"),
        ("<img id=x class=b>z", "after", "@z"),
        ("<p class=b>1<div id=x>2", "after", "<p class=b>1@"),
        ("<b class=b>1<i id=x>2", "after", "<b class=b>1@"),
    ],
)
def test_a_piece_stands_in_nothing_that_goes_out(page: str, spot: str, expected: str) -> None:
    piece = Piece(parse_selector(".b"), Spot(spot), b"@")
    assert edit_elements(page.encode(), (parse_selector("#x"),), (piece,)).decode() == expected


def test_pieces_at_one_place_keep_their_order_and_each_stands_once() -> None:
    one, two = (Piece(parse_selector("p"), Spot.INTO, html) for html in (b"1", b"2"))
    assert edit_elements(b"<p></p><p></p>", (), (one, two)) == b"<p>12</p><p></p>"
    around = (Piece(parse_selector("p"), Spot.AFTER, b"1"), Piece(parse_selector("div"), Spot.INTO, b"2"))
    assert edit_elements(b"<div><p></p></div>", (), around) == b"<div><p></p>12</div>"


@pytest.mark.parametrize("encoding", ["utf-16", "iso2022_jp"])
def test_nothing_is_put_into_a_page_that_bytes_cannot_tell(encoding: str) -> None:
    page = "<p>日本</p>".encode(encoding)
    assert edit_elements(page, (), (Piece(parse_selector("p"), Spot.INTO, MARK),)) == page


WORDS = st.text(st.sampled_from("表示ソ能十予申ミЪ亜ｱ<>/='\" a"), max_size=8)


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "euc_jp"])
@given(
    st.lists(PIECES | WORDS, max_size=16).map("".join),
    st.sampled_from(Spot),
    st.sampled_from(["#b", "div", "td", "ul"]),
)
def test_whatever_the_page_holds_only_the_piece_comes_in(encoding: str, text: str, spot: Spot, selector: str) -> None:
    """Take the piece out again, and it is the page byte for byte; the page's letters are what they were."""
    page = text.encode(encoding, "ignore")
    edited = edit_elements(page, (), (Piece(parse_selector(selector), spot, MARK),))
    assert edited.replace(MARK, b"", 1) == page
    assert edited.decode(encoding).replace(MARK.decode(), "", 1) == page.decode(encoding)
    if edited != page:
        assert find_element(page, parse_selector(selector))


def test_a_page_of_unclosed_elements_takes_no_minutes() -> None:
    """Thousands of end tags look for what they end among thousands of open elements, and find out at once: nothing."""
    page = b"<b>" * 8_000 + b"</i>" * 8_000
    began = time.thread_time()
    assert remove_elements(page, ("#gone",)) == page
    assert time.thread_time() - began < 8  # every line of it is traced; to look at all takes much longer


def test_what_is_nested_deeper_than_browsers_do_is_not_looked_for() -> None:
    deep = b"<b>" * 600
    assert remove_elements(b"<i id=a>" + deep + b"</i>x", ("#a",)) == b""
    assert remove_elements(b"<i id=a>" + deep[: 3 * 500] + b"</i>x", ("#a",)) == b"x"
