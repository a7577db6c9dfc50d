"""Two sets of the demo's apps, the same clock and identifiers: one asked directly, one through a gateway without 2FA.

What may differ is what the header rules name: vaulted cookies stay in the gateway, its own cookie comes along, framing
and connection headers belong to each connection, `Date` may be a second later. Staff of an office and administrators
see the gateway's links in their menu, which no cache keeps then. All else is the same, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.demo.people_file import write_people
from tests.demo.conftest import Ask, Browser, by_prefix, running_apps
from tests.harness.gateway import GatewayThread
from tests.harness.wire import Pairs

ROUTES = Path(__file__).parents[2] / "routes.yaml"
PER_CONNECTION = {b"connection", b"keep-alive", b"transfer-encoding", b"content-length"}
OWN_COOKIES = (b"sekisho",)
PASSED_COOKIES = (b"lang=",)
LINKS = re.compile(rb'<(li|td)><a id="sekisho-(?:settings|reset)-link"[^<]*</a></\1>')
MENUS = ("/top", "/sp/top", "/sp/login")
NO_STORE = (b"Cache-Control", b"no-store")


def _multipart(name: str) -> bytes:
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: image/png\r\n\r\n'
    return b"--b\r\n" + head.encode() + bytes(range(256)) * 900 + b"\r\n--b--\r\n"


def _visit(login_id: str, emp: str) -> tuple[Ask, ...]:
    """A day's work of one person, every kind of answer in it; before sign-in public pages only."""
    sign_in = f"login_id={login_id}&password=demo".encode()
    todoke = b"shurui=%8Ec%8B%C6&hizuke=2026%2F11%2F24&riyu=%97%5C%92%E8%95%5C"
    return (
        Ask("GET", "/login"),
        Ask("POST", "/login", f"login_id={login_id}&password=wrong".encode()),
        Ask("POST", "/login", sign_in),
        Ask("GET", "/"),
        Ask("GET", "/top"),
        Ask("GET", "/top", accept_encoding="identity"),
        Ask("HEAD", "/top"),
        Ask("GET", "/static/style.css"),
        Ask("GET", "/static/icon-shugyo.png"),
        Ask("GET", "/static/none.png"),
        Ask("GET", "/lang?to=en"),
        Ask("GET", "/top"),
        Ask("GET", "/oshirase/view?id=2"),
        Ask("GET", "/shugyo"),
        Ask("GET", "/shugyo/"),
        Ask("POST", "/shugyo/punch", b"kubun=shukkin"),
        Ask("GET", "/shugyo/punch"),
        Ask("GET", "/shugyo/punch", accept_encoding="identity"),
        Ask("GET", "/shugyo/genzai"),
        Ask("GET", "/shugyo/sheet"),
        Ask("GET", "/shugyo/sheet?month=202602"),
        Ask("GET", "/shugyo/sheet/csv?month=202602"),
        Ask("HEAD", "/shugyo/sheet/csv?month=202602"),
        Ask("POST", "/shugyo/todoke", todoke),
        Ask("GET", "/shugyo/todoke"),
        Ask("GET", "/shugyo/todoke/new"),
        Ask("GET", "/shugyo/shift?month=202612"),
        Ask("GET", "/shugyo/nenji?year=2025"),
        Ask("GET", "/shugyo/jocho"),
        Ask("GET", "/shugyo/master"),
        Ask("GET", "/shugyo/nowhere"),
        Ask("GET", "/shugyo/img/1.png"),
        Ask("GET", "/meisai/"),
        Ask("GET", f"/meisai/list?emp={emp}"),
        Ask("GET", f"/meisai/view?emp={emp}&month=202610"),
        Ask("GET", f"/meisai/shoyo?emp={emp}&month=202606"),
        Ask("GET", f"/meisai/pdf?emp={emp}&month=202610"),
        Ask("POST", "/meisai/kensaku", f"emp={emp}&nen=2026&tsuki=3".encode()),
        Ask("GET", f"/meisai/gensen?emp={emp}&year=2025"),
        Ask("GET", "/meisai/kanri"),
        Ask("POST", "/meisai/kanri", b"month=202610"),
        Ask("GET", "/meisai/view?emp=%7%8&month='+or+1=1"),
        Ask("POST", "/uketsuke/upload", _multipart("書類.png"), "multipart/form-data; boundary=b"),
        Ask("GET", "/uketsuke/"),
        Ask("GET", "/uketsuke/file?id=1"),
        Ask("GET", "/password"),
        Ask("GET", "/logout"),
        Ask("GET", "/sp/login"),
        Ask("POST", "/sp/login", f"login_id={login_id}&password=wrong".encode()),
        Ask("POST", "/sp/login", sign_in),
        Ask("GET", "/sp/top"),
        Ask("POST", "/logout"),
    )


def _end_to_end(headers: Pairs) -> list[tuple[bytes, bytes]]:
    """The headers that must be the same, in their order and spelling."""
    kept = []
    for name, value in headers:
        lower = name.lower()
        if lower in PER_CONNECTION or (lower == b"set-cookie" and not value.startswith(PASSED_COOKIES)):
            continue
        kept.append((name, b"" if lower == b"date" else value))
    return kept


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, Browser]]:
    """(a browser that asks the apps, a browser that asks the gateway before another set of them)."""
    text = ROUTES.read_text(encoding="utf-8").replace("127.0.0.1:8080", "127.0.0.1:{PORT}")
    with running_apps() as direct, running_apps() as behind:
        for name, port in (("portal", 18081), ("attendance", 18082), ("payslip", 18083)):
            assert f"127.0.0.1:{port}" in text
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{behind[name]}")
        folder = tmp_path_factory.mktemp("gateway")
        write_people(folder / "var" / "people.db")
        with GatewayThread(folder, text) as gateway:
            yield Browser(by_prefix(direct)), Browser(lambda _target: gateway.port)


@pytest.mark.parametrize(
    ("login_id", "emp", "links"),
    [("B00000601", "01", 0), ("B00000301", "01", 0), ("B00000399", "99", 1), ("A00020001", "0001", 2)],
)
def test_without_2fa_every_answer_is_the_apps_own(
    both: tuple[Browser, Browser], login_id: str, emp: str, links: int
) -> None:
    direct, through = both
    menus = 0
    for ask in _visit(login_id, emp):
        expected, got = direct.ask(ask), through.ask(ask)
        where = f"{ask.method} {ask.target}"
        shown, headers, of_the_app = got.decoded_body(), _end_to_end(got.headers), _end_to_end(expected.headers)
        if LINKS.search(shown):
            assert len(LINKS.findall(shown)) == links, where
            assert b'id="menu"' in shown, where
            menus += 1
        if links and ask.target in MENUS and NO_STORE in headers:
            headers.remove(NO_STORE)
            of_the_app = [pair for pair in of_the_app if pair[0].lower() != b"cache-control"]
        assert got.status == expected.status, where
        assert got.head.split(b"\r\n")[0] == expected.head.split(b"\r\n")[0], where
        assert headers == of_the_app, where
        assert LINKS.sub(b"", shown) == expected.decoded_body(), where
        if not links:
            assert got.body == expected.body, where
        assert got.complete, where
        # HTML is searched for session IDs as it passes, so its length is not promised; all else keeps its own.
        if not (expected.header("content-type") or "").startswith("text/html"):
            assert got.header("content-length") == expected.header("content-length"), where
    assert (menus > 3) is (links > 0)


def test_no_cookie_of_the_apps_but_the_passed_one_reaches_the_browser(both: tuple[Browser, Browser]) -> None:
    _, through = both
    through.get("/login")
    through.sign_in("B00000601")
    through.get("/shugyo/punch")
    through.get("/meisai/list?emp=01")
    through.get("/lang?to=ja")
    names = {name for name, _ in through.cookies}
    assert "lang" in names
    assert all(name == "lang" or name.encode().startswith(OWN_COOKIES) for name in names), names
