"""Every page of the gateway on a small loopback server, and a browser that walks along them with axe-core.

A page is rendered from its sample by the real renderer and comes with the real headers, style sheets and script.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

from gateway.config.settings import Service, Support
from gateway.portal.pages import HTML, Renderer
from gateway.portal.words import LANGUAGES
from tests.harness.browser import chromium

NOON = 1_795_230_000.0
SERVICE = Service(
    "ネットde顧問 デモ",
    operator="関所デモ運営事務局",
    support=Support("お問合せ窓口", "0120-000-000", "平日9時～17時", "https://support.example/", "help@example.jp"),
)
AXE_FOLDER = importlib.util.find_spec("axe_playwright_python")  # wanted for its copy of axe-core alone: it has no types
assert AXE_FOLDER is not None
assert AXE_FOLDER.origin is not None
AXE = (Path(AXE_FOLDER.origin).parent / "axe.min.js").read_bytes()
DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 320, "height": 640}
RUN_AXE = """async () => {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const found = await axe.run({runOnly: tags, resultTypes: ['violations'], preload: false});
  return found.violations.flatMap(rule => rule.nodes.map(node => `axe ${rule.id}: ${node.html.slice(0, 160)}`));
}"""
# A radio group is one stop; what is hidden or disabled is none.
LIST_CONTROLS = """() => {
  const groups = new Set();
  const kinds = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  window.controls = [...document.querySelectorAll(kinds)]
    .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.disabled)
    .filter(e => e.type !== "radio" || (!groups.has(e.name) && groups.add(e.name)));
  window.reached = new Map();
  document.addEventListener("focusin", event => {
    const e = event.target, style = getComputedStyle(e);
    const shows = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    reached.set(e.type === "radio" ? controls.find(one => one.name === e.name) : e, shows);
  });
  return controls.length;
}"""
UNREACHED = """() => controls.flatMap(e => {
  const brief = e.outerHTML.replace(/\\s+/g, " ").slice(0, 140);
  return !reached.has(e) ? [`not reached by Tab: ${brief}`] : reached.get(e) ? [] : [`no visible focus: ${brief}`];
})"""
WRITE = """async html => {
  document.adoptedStyleSheets = [];
  document.open();
  document.write(html);
  document.close();
  const loaded = target => new Promise(done => target.addEventListener("load", done, {once: true}));
  if (document.readyState !== "complete") await loaded(window);
  await Promise.all([...document.querySelectorAll("link[rel=stylesheet]")].map(link => link.sheet || loaded(link)));
}"""
ADD_STYLE = """css => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet];
}"""
MEASURE = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")
LINES = (Path(__file__).parent / "lines.js").read_text(encoding="utf-8")


@dataclass(slots=True)
class Gallery:
    """Hangs one page at a time and looks at it. `said` is what the browser's console had to say."""

    url: str
    window: Page
    renderer: Renderer
    said: list[str] = field(default_factory=list)

    def faults(self, html: str, language: str, *, style: str = "", alike: bool = False) -> list[str]:
        """What is wrong with this page at both sizes; empty when everybody can use it.

        `style` spoils the page. `alike`: markup like this was looked at, so that only words and widths can be wrong.
        """
        found: list[str] = []
        page = self.show(html, DESK, style)
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            faults = [*page.evaluate(MEASURE, language), *page.evaluate(LINES)]
            if not alike:
                faults += page.evaluate(RUN_AXE)
            if not alike and language == LANGUAGES[0] and size is PHONE:  # keys speak no language
                faults += self.keyboard_faults(page)
            found += [f"{size['width']}: {fault}" for fault in faults]
        return found + self.said

    def keyboard_faults(self, page: Page) -> list[str]:
        """Controls that Tab does not reach, or that do not show that they have the focus."""
        for _ in range(page.evaluate(LIST_CONTROLS) + 2):  # once round, from wherever the page put the focus
            page.keyboard.press("Tab")
        return [str(fault) for fault in page.evaluate(UNREACHED)]

    def show(self, html: str, size: ViewportSize, style: str = "") -> Page:
        """The page in a window of this size, loaded.

        It is written into a document that came with the real headers and holds axe-core: the policy stays in force,
        and a page costs a fifth of what a navigation does.
        """
        page = self.window
        page.set_viewport_size(size)
        if not page.url.startswith(self.url):
            page.goto(self.url + "/")
            page.add_script_tag(url=f"{self.url}/axe.js")
        self.said.clear()
        page.evaluate(WRITE, html)
        if style:
            page.evaluate(ADD_STYLE, style)
        return page


@contextmanager
def open_gallery() -> Iterator[Gallery]:
    """A server, a browser, and nothing on the walls yet."""
    renderer = Renderer(SERVICE, lambda: NOON, secure=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(renderer))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        with chromium() as browser:
            window = browser.new_page(reduced_motion="reduce")
            opened = Gallery(f"http://127.0.0.1:{server.server_port}", window, renderer)
            window.on("console", lambda message: opened.said.append(f"console: {message.text}"))
            yield opened
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(renderer: Renderer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asset = renderer.assets.find(self.path)
            if asset is not None:
                self._send(asset.media_type, asset.content, ("Cache-Control", "max-age=3600"))
            elif self.path == "/axe.js":
                self._send("text/javascript", AXE, ("Cache-Control", "max-age=3600"))
            elif self.path == "/":
                self._send(HTML, b"<!DOCTYPE html>", *renderer.headers)
            elif self.path == "/favicon.ico":
                self._send("image/x-icon", b"")
            else:
                self.send_error(404)

        def _send(self, media_type: str, body: bytes, *headers: tuple[str, str]) -> None:
            self.send_response(200)
            for name, value in (("Content-Type", media_type), ("Content-Length", str(len(body))), *headers):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    return Handler
