"""WebSockets through the gateway, with aiohttp's client and server, while sessions change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, DummyCookieJar, WSMsgType, WSServerHandshakeError, web
from click.testing import CliRunner

from gateway.cli import main
from gateway.core.policy import TenantSettings
from gateway.stores.base_tenants import Changed, Stamp
from gateway.stores.registry import SqlRegistry
from gateway.stores.sealing import KeyRing
from tests.harness.gateway import GatewayThread, MovableClock
from tests.harness.person import Person
from tests.sign_in.world import HOST, ORIGIN, YAML

RULE = "sign_in: [{path: /login, login_id: {form: user}, success: {status: 302}}]"
MORE = "sessions: {establishment: {idle: 30m, absolute: 12h}}"
SOON = 2.0  # seconds: within one it must be over; the rest is for a busy machine


@dataclass
class App:
    """A chat that sends everything back. `seen` has the handshakes' cookies."""

    seen: list[str] = field(default_factory=list)
    open: int = 0

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/login", self.sign_in)
        app.router.add_get("/logout", self.sign_out)
        app.router.add_get("/own", self.chat)
        app.router.add_get("/chat", self.chat)
        app.router.add_get("/spa/chat", self.chat)
        app.router.add_get("/none", self.sign_out)
        return app

    async def sign_in(self, request: web.Request) -> web.Response:
        answer = web.Response(status=302, headers={"Location": "/own"})
        answer.set_cookie("SID", "signed-in")
        return answer

    async def sign_out(self, request: web.Request) -> web.Response:
        return web.Response(text="bye")

    async def chat(self, request: web.Request) -> web.WebSocketResponse:
        self.seen.append(request.headers.get("Cookie", ""))
        channel = web.WebSocketResponse(max_msg_size=0, protocols=("chat",))
        channel.headers["Set-Cookie"] = "SID=renewed; Path=/"
        await channel.prepare(request)
        self.open += 1
        async for message in channel:
            await (channel.send_str if message.type is WSMsgType.TEXT else channel.send_bytes)(message.data)
        self.open -= 1
        return channel


@dataclass
class World:
    """Gateway, app and a client."""

    gateway: GatewayThread
    app: App
    clock: MovableClock
    client: ClientSession
    folder: Path

    async def person(self, choice: str) -> Person:
        """Somebody of an establishment that exempts punching (`/own`), restricted or with a code."""
        person = Person(self.gateway.port, HOST, ORIGIN, self.clock)

        def go_in() -> None:
            person.ask("POST", "/login", b"user=B0000011")
            person.choose(choice)
            if choice == "full":
                person.enrol()

        await asyncio.to_thread(go_in)
        return person

    async def connect(self, person: Person | None, path: str, origin: str = ORIGIN) -> ClientWebSocketResponse:
        headers = {"Host": HOST, "Origin": origin}
        if person is not None:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
        url = f"http://127.0.0.1:{self.gateway.port}{path}"
        return await self.client.ws_connect(url, headers=headers, max_msg_size=0, protocols=("chat",))

    async def app_is_alone(self) -> None:
        """Wait until the app has no channel left."""
        async with asyncio.timeout(SOON):
            while self.app.open:  # noqa: ASYNC110 - the app's own count
                await asyncio.sleep(0.02)


@asynccontextmanager
async def running(folder: Path, sessions: str = "memory", more: str = MORE) -> AsyncIterator[World]:
    app, clock = App(), MovableClock()
    runner = web.AppRunner(app.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    text = YAML.replace("{UPSTREAM}", str(port)).replace("{APP}", RULE).replace("{MORE}", more)
    text = text.replace("sessions: memory", f"sessions: {sessions}")
    gateway = GatewayThread(folder, text, clock)
    await asyncio.to_thread(gateway.start)
    try:
        async with ClientSession(cookie_jar=DummyCookieJar()) as client:
            yield World(gateway, app, clock, client, folder)
    finally:
        await asyncio.to_thread(gateway.stop)
        await runner.cleanup()


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with running(tmp_path) as world:
        yield world


@pytest.fixture(params=["memory", "redis"])
def sessions(request: pytest.FixtureRequest) -> str:
    """Each kind of store for sessions."""
    return "memory" if request.param == "memory" else str(request.getfixturevalue("empty_redis_url"))


@pytest.fixture
async def kept(sessions: str, tmp_path: Path) -> AsyncIterator[World]:
    """With each kind of store for sessions."""
    async with running(tmp_path, sessions) as world:
        yield world


async def test_frames_of_all_sizes_come_back_as_they_went(w: World) -> None:
    channel = await w.connect(await w.person("full"), "/chat")
    assert channel.protocol == "chat"
    for size in (0, 1, 125, 126, 65535, 65536, 1 << 20, 5 << 20):
        sent = bytes(n % 251 for n in range(min(size, 4096))) * (size // 4096 or 1)
        await channel.send_bytes(sent)
        assert await channel.receive_bytes() == sent
    await channel.send_str("打刻")
    assert await channel.receive_str() == "打刻"
    await channel.ping()
    await channel.close()
    assert channel.close_code == 1000
    await w.app_is_alone()


async def test_the_vault_goes_along_and_what_the_handshake_sets_stays_in_it(w: World) -> None:
    person = await w.person("full")
    for _ in range(2):
        channel = await w.connect(person, "/chat")
        assert "Set-Cookie" not in channel._response.headers
        await channel.close()
    assert w.app.seen == ["SID=signed-in", "SID=renewed"]


async def test_a_restricted_session_has_the_channels_of_what_is_exempt(w: World) -> None:
    person = await w.person("restricted")
    channel = await w.connect(person, "/own")
    with pytest.raises(WSServerHandshakeError) as refused:
        await w.connect(person, "/chat")
    assert refused.value.status == 403
    assert len(w.app.seen) == 1
    await channel.close()


async def test_strangers_and_other_sites_have_none(w: World) -> None:
    with pytest.raises(WSServerHandshakeError) as nobody:
        await w.connect(None, "/chat")
    assert nobody.value.status == 401
    with pytest.raises(WSServerHandshakeError) as foreign:
        await w.connect(await w.person("full"), "/chat", "https://evil.test")
    assert foreign.value.status == 403
    assert w.app.seen == []


async def test_what_is_public_is_asked_as_a_stranger(w: World) -> None:
    channel = await w.connect(await w.person("restricted"), "/spa/chat")
    await channel.send_str("hello")
    assert await channel.receive_str() == "hello"
    assert w.app.seen == [""]
    await channel.close()


async def test_an_app_that_declines_answers_as_ever(w: World) -> None:
    with pytest.raises(WSServerHandshakeError) as declined:
        await w.connect(await w.person("full"), "/none")
    assert declined.value.status == 200


def _sign_out(w: World, person: Person) -> None:
    person.get("/logout")


def _idle(w: World, person: Person) -> None:
    w.clock.forward(1801)


def _step_up(w: World, person: Person) -> None:
    person.get("/chat")
    person.enrol()


def _lock(w: World, person: Person) -> None:
    """Five wrong codes, in another browser."""
    other = Person(w.gateway.port, HOST, ORIGIN, w.clock)
    other.ask("POST", "/login", b"user=B0000011")
    other.choose("full")
    wrong = f"{(int(person.now_code()) + 500_000) % 1_000_000:06}"
    answers = [other.enter(wrong) for _ in range(5)]
    assert "locked" in (answers[-1].header("location") or ""), answers[-1].head
    assert person.get("/chat").status != 401, "whoever is in is not signed out"


def _reset(w: World, person: Person) -> None:
    """By an operator, in another process."""
    file = str(w.folder / "routes.yaml")
    done = CliRunner().invoke(main, ["reset", "B0000011", "--config", file, "--reason", "lost", "--yes"])
    assert done.exit_code == 0, done.output


def _downgrade(w: World, person: Person) -> None:
    """The office takes the exemption away by which the restricted session has this address."""

    async def change() -> None:
        registry = SqlRegistry(f"sqlite:///{w.folder}/var/registry.db", KeyRing.from_file(w.folder / "var" / "keys"))
        rows = [("000001", TenantSettings(uses_second_factor=True))]
        stamp = Stamp("A1", w.clock(), "192.0.2.1", "ref")
        changed = await registry.change_rows("0001", rows, TenantSettings(), 0, stamp)
        assert isinstance(changed, Changed)
        await registry.close()

    asyncio.run(change())


async def closed(channel: ClientWebSocketResponse) -> None:
    """Fail unless it is, soon."""
    async with asyncio.timeout(SOON):
        message = await channel.receive()
    assert message.type in (WSMsgType.CLOSED, WSMsgType.CLOSE, WSMsgType.ERROR)


@pytest.mark.parametrize(
    ("choice", "change"),
    [
        ("full", _sign_out),
        ("full", _idle),
        ("full", _lock),
        ("full", _reset),
        ("restricted", _idle),
        ("restricted", _step_up),
        ("restricted", _downgrade),
    ],
)
async def test_what_ends_the_session_or_its_right_ends_its_channels(
    kept: World, choice: str, change: Callable[[World, Person], None]
) -> None:
    person = await kept.person(choice)
    channel = await kept.connect(person, "/own")
    await channel.send_str("still")
    assert await channel.receive_str() == "still"
    await asyncio.to_thread(change, kept, person)
    await closed(channel)
    await kept.app_is_alone()


async def test_after_a_lock_who_is_in_may_connect_anew(w: World) -> None:
    person = await w.person("full")
    channel = await w.connect(person, "/own")
    await asyncio.to_thread(_lock, w, person)
    await closed(channel)
    again = await w.connect(person, "/own")
    await asyncio.sleep(1.2)
    await again.send_str("still")
    assert await again.receive_str() == "still"
    await again.close()


async def test_use_does_not_move_the_absolute_limit_of_a_channel(tmp_path: Path) -> None:
    async with running(tmp_path, more="sessions: {establishment: {idle: 12h, absolute: 12h}}") as w:
        channel = await w.connect(await w.person("full"), "/own")
        w.clock.forward(6 * 3600)
        for _ in range(3):  # heard, and so noted as use
            await channel.send_str("still")
            assert await channel.receive_str() == "still"
            await asyncio.sleep(0.4)
        w.clock.forward(6 * 3600)
        await closed(channel)
        await w.app_is_alone()


@pytest.mark.parametrize("change", [_sign_out, _idle])
async def test_a_public_address_keeps_no_channel_that_was_opened_with_the_vault(
    w: World, change: Callable[[World, Person], None]
) -> None:
    person = await w.person("full")
    channel = await w.connect(person, "/spa/chat")
    assert w.app.seen == ["SID=signed-in"]
    await asyncio.to_thread(change, w, person)
    await closed(channel)
    await w.app_is_alone()


async def test_a_strangers_channel_at_a_public_address_stays(w: World) -> None:
    channel = await w.connect(None, "/spa/chat")
    await asyncio.sleep(0.7)
    await channel.send_str("still")
    assert await channel.receive_str() == "still"
    await channel.close()


async def test_what_is_said_on_a_channel_is_use_of_the_session(w: World) -> None:
    channel = await w.connect(await w.person("full"), "/own")
    for _ in range(3):
        w.clock.forward(1000)
        await channel.send_str("still")
        assert await channel.receive_str() == "still"
        await asyncio.sleep(0.7)
    assert not channel.closed
    await channel.close()


async def test_bytes_that_come_with_the_handshake_are_the_channels(w: World) -> None:
    """A client that does not wait for the 101: what follows the head is no HTTP request, whatever it looks like."""
    person = await w.person("full")
    lines = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    lines += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    frame = b"\x81\x85\x00\x00\x00\x00hello"
    reader, writer = await asyncio.open_connection("127.0.0.1", w.gateway.port)
    writer.write(person.raw("GET", "/chat", None, *lines.split("\r\n")) + frame)
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        echoed = await reader.readexactly(7)
    assert head.startswith(b"HTTP/1.1 101 ")
    assert echoed == b"\x81\x05hello"
    writer.close()
    await writer.wait_closed()
    await w.app_is_alone()


async def test_behind_a_declined_handshake_http_goes_on(w: World) -> None:
    person = await w.person("full")
    lines = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    asked = person.raw("GET", "/none", None, *lines) + person.raw("GET", "/none", None, "Connection: close")
    reader, writer = await asyncio.open_connection("127.0.0.1", w.gateway.port)
    writer.write(asked)
    async with asyncio.timeout(5):
        answers = await reader.read()
    writer.close()
    assert answers.count(b"HTTP/1.1 200 ") == 2


async def test_a_gateway_that_stops_closes_its_channels(w: World) -> None:
    channel = await w.connect(await w.person("full"), "/chat")
    await asyncio.to_thread(w.gateway.stop)
    async with asyncio.timeout(SOON):
        message = await channel.receive()
    assert message.type in (WSMsgType.CLOSED, WSMsgType.CLOSE, WSMsgType.ERROR)
    await w.app_is_alone()
