"""The demo's legacy apps on free ports, with a clock that stands still and identifiers that can be foreseen."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from gateway.demo.apps import start_apps
from tests.harness.wire import WireAnswer, exchange

NOW = datetime(2026, 11, 20, 8, 58)  # noqa: DTZ001 - the old apps know one zone only


def numbered() -> Callable[[], str]:
    """Identifiers in order: two sets of apps that are asked the same give the same."""
    numbers = itertools.count(1)
    return lambda: f"{next(numbers):032X}"


@contextmanager
def running_apps() -> Iterator[dict[str, int]]:
    """The three apps on a loop in a thread; their ports by name."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    apps = asyncio.run_coroutine_threadsafe(start_apps(lambda: NOW, numbered(), (0, 0, 0)), loop).result(10)
    try:
        yield apps.ports
    finally:
        asyncio.run_coroutine_threadsafe(apps.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@dataclass(frozen=True, slots=True)
class Ask:
    """A request of a browser."""

    method: str
    target: str
    body: bytes = b""
    content_type: str = "application/x-www-form-urlencoded"
    accept_encoding: str = "gzip"
    headers: tuple[str, ...] = ()


@dataclass(slots=True)
class Browser:
    """Keeps cookies by name and path, and sends one request a connection."""

    ports: Callable[[str], int]
    cookies: dict[tuple[str, str], str] = field(default_factory=dict)

    def ask(self, ask: Ask) -> WireAnswer:
        """Send it; the answer as bytes."""
        port, path = self.ports(ask.target), ask.target.split("?")[0]
        lines = [f"{ask.method} {ask.target} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Origin: http://127.0.0.1:{port}"]
        lines += ["Accept: text/html,*/*;q=0.8", f"Accept-Encoding: {ask.accept_encoding}"]
        lines += ["Connection: close", *ask.headers]
        sent = "; ".join(f"{name}={value}" for (name, under), value in self.cookies.items() if path.startswith(under))
        if sent:
            lines.append(f"Cookie: {sent}")
        if ask.body:
            lines += [f"Content-Type: {ask.content_type}", f"Content-Length: {len(ask.body)}"]
        answer = exchange(port, "\r\n".join(lines).encode() + b"\r\n\r\n" + ask.body, method=ask.method)
        for line in answer.all("set-cookie"):
            self._keep(line)
        return answer

    def get(self, target: str) -> WireAnswer:
        """A plain GET."""
        return self.ask(Ask("GET", target))

    def post(self, target: str, body: bytes) -> WireAnswer:
        """An urlencoded form."""
        return self.ask(Ask("POST", target, body))

    def sign_in(self, login_id: str, path: str = "/login", password: str = "demo") -> WireAnswer:
        """The portal's form."""
        return self.post(path, f"login_id={login_id}&password={password}".encode())

    def cookie(self, name: str) -> str | None:
        """A cookie's value under any path."""
        return next((value for (known, _), value in self.cookies.items() if known == name), None)

    def _keep(self, line: str) -> None:
        pair, *attributes = (part.strip() for part in line.split(";"))
        name, _, value = pair.partition("=")
        path = next((part[5:] for part in attributes if part.lower().startswith("path=")), "/")
        if any(part.lower() == "max-age=0" for part in attributes):
            self.cookies.pop((name, path), None)
        else:
            self.cookies[name, path] = value


def by_prefix(ports: dict[str, int]) -> Callable[[str], int]:
    """Which app has a target, for a browser that goes to the apps directly."""

    def port(target: str) -> int:
        for prefix, name in (("/shugyo", "attendance"), ("/meisai", "payslip")):
            if target.startswith(prefix):
                return ports[name]
        return ports["portal"]

    return port


@pytest.fixture(scope="session")
def ports() -> Iterator[dict[str, int]]:
    """One set of apps for all tests of them."""
    with running_apps() as found:
        yield found


@pytest.fixture
def browser(ports: dict[str, int]) -> Browser:
    """A fresh browser in front of the apps themselves."""
    return Browser(by_prefix(ports))
