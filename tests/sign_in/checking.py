"""Little apps with sign-ins of every kind, and the gateway's password check before them, over real sockets."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.config.loading import load
from gateway.config.settings import Limits
from gateway.core.apps import AppTable
from gateway.core.cookies import Jar
from gateway.core.password_answer import PasswordAnswer
from gateway.core.session import Session
from gateway.core.subject import Kind, Subject, canonical_login_id
from gateway.proxy.own_requests import OwnRequests
from gateway.proxy.password_check import PasswordCheck
from gateway.proxy.server import Lane
from gateway.proxy.sign_out import LegacySignOut
from gateway.stores.records import SessionRecord
from gateway.stores.sealing import KeyRing
from gateway.stores.sessions import LiveSession
from tests.proxy.lane_kit import RawApp, Reader, ScriptedGate, Writer, read_body
from tests.sign_in.world import YAML, answer

ORIGIN = b"https://app.test"
CLIENT = "203.0.113.9"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the little app saw it."""

    method: str
    target: str
    head: bytes
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def header(self, name: str) -> str:
        for line in self.head.decode("latin-1").split("\r\n"):
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return ""

    @property
    def session_id(self) -> str:
        pairs = dict(pair.strip().partition("=")[::2] for pair in self.header("cookie").split(";") if pair.strip())
        return pairs.get("SID", "")


@dataclass
class LittleApp:
    """Keeps sessions as old apps do: one for every visitor, signed in or not. `handler` makes the whole answer."""

    handler: Callable[[LittleApp, Asked], bytes]
    sessions: dict[str, str] = field(default_factory=dict)  # session ID → who is signed in, or nothing
    asked: list[Asked] = field(default_factory=list)
    delay: Callable[[Asked], float] = lambda _: 0.0

    def open(self, who: str = "") -> str:
        """A new session; its ID."""
        session_id = secrets.token_hex(8)
        self.sessions[session_id] = who
        return session_id

    @property
    def signed_in(self) -> list[str]:
        """Who is signed in now."""
        return sorted(who for who in self.sessions.values() if who)


def cookie(session_id: str) -> str:
    return f"Set-Cookie: SID={session_id}; Path=/; HttpOnly"


@dataclass
class Bench:
    """The check before a little app."""

    check: PasswordCheck
    app: LittleApp

    async def ask(self, password: str, typed: str = "b0000011") -> PasswordAnswer:
        """Check a password of somebody who typed their login ID so."""
        return await self.check(live(typed), password, CLIENT)


def live(typed: str, jar: Jar | None = None, app: str = "legacy") -> LiveSession:
    """A person's session whose own cookies are `jar`."""
    subject = Subject(canonical_login_id(typed), Kind.ESTABLISHMENT, "0001", "000001")
    record = SessionRecord(Session(subject, app, 0.0, 0.0), jar or Jar(), "csrf", typed=typed)
    return LiveSession(b"key", 1, record)


@asynccontextmanager
async def checking(
    folder: Path,
    app_yaml: str,
    app: LittleApp,
    *,
    seconds: float = 5.0,
    down: bool = False,
    sign_out: str = "{path: /logout}",
) -> AsyncIterator[Bench]:
    """Serve the app, read the configuration, put the check before it."""
    served = _serving(app)
    port = await served.start()
    if down:
        await served.stop()
    (folder / "var").mkdir()
    KeyRing.generate_file(folder / "var" / "keys")
    text = YAML.replace("{PORT}", "8080").replace("{UPSTREAM}", str(port)).replace("{APP}", app_yaml.strip())
    text = text.replace("{MORE}", "").replace("{path: /logout}", sign_out)
    (folder / "routes.yaml").write_text(text, encoding="utf-8")
    async with check_for(folder / "routes.yaml", port, seconds) as check:
        yield Bench(check, app)
    if not down:
        await served.stop()


@asynccontextmanager
async def check_for(file: Path, port: int, seconds: float = 5.0) -> AsyncIterator[PasswordCheck]:
    """The password check of a configuration whose only app listens at this port."""
    configuration = load(file)
    (only,) = configuration.apps
    lane = Lane(ScriptedGate(), {only.name: ("127.0.0.1", port)}, Limits())
    await lane.start()
    try:
        origin = configuration.public.origin.encode()
        requests = OwnRequests(lane.fetcher, origin, lambda: 1_795_230_000.0, 1 << 20)
        apps = AppTable(configuration.apps)
        yield PasswordCheck(apps, requests, LegacySignOut(apps, requests), seconds=seconds, sign_out_seconds=seconds)
    finally:
        await lane.close()


def _serving(app: LittleApp) -> RawApp:
    async def script(reader: Reader, writer: Writer) -> None:
        while True:
            head = await served.head(reader)
            body = await read_body(reader, head)
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            asked = Asked(method, target, head, body)
            app.asked.append(asked)
            await asyncio.sleep(app.delay(asked))
            writer.write(app.handler(app, asked))
            await writer.drain()

    served = RawApp(script)
    return served


__all__ = ["CLIENT", "ORIGIN", "Asked", "Bench", "LittleApp", "answer", "check_for", "checking", "cookie", "live"]
