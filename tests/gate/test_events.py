"""Server-Sent Events through the whole gateway, with aiohttp at both ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, DummyCookieJar, web

from tests.harness.gateway import GatewayThread
from tests.sign_in.world import HOST, YAML

RULE = "sign_in: [{path: /login, login_id: {form: user}, success: {status: 302}}]"


class Feed:
    """An app that sends an event for each one that it is told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[str] = asyncio.Queue()
        self.open = 0

    async def events(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        if "cookie" in request.query:
            answer.set_cookie("JSESSIONID", "fresh")
        await answer.prepare(request)
        self.open += 1
        try:
            while True:
                await answer.write(f"data: {await self.told.get()}\n\n".encode())
        finally:
            self.open -= 1


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[Feed, str]]:
    feed = Feed()
    app = web.Application()
    app.router.add_get("/spa/events", feed.events)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    text = YAML.replace("{UPSTREAM}", str(runner.addresses[0][1])).replace("{APP}", RULE).replace("{MORE}", "")
    gateway = GatewayThread(folder, text)
    await asyncio.to_thread(gateway.start)
    try:
        yield feed, f"http://127.0.0.1:{gateway.port}/spa/events"
    finally:
        await asyncio.to_thread(gateway.stop)
        await runner.cleanup()


@pytest.mark.parametrize("query", ["", "?cookie=1"])
async def test_events_arrive_one_by_one_and_a_page_that_leaves_ends_them(tmp_path: Path, query: str) -> None:
    async with (
        running(tmp_path) as (feed, url),
        ClientSession(cookie_jar=DummyCookieJar()) as client,
        client.get(url + query, headers={"Host": HOST}) as stream,
        asyncio.timeout(20),
    ):
        assert stream.headers["Content-Type"] == "text/event-stream"
        for number in range(5):
            await feed.told.put(str(number))
            assert await stream.content.readuntil(b"\n\n") == b"data: %d\n\n" % number
        assert feed.open == 1
        stream.close()
        while feed.open:  # noqa: ASYNC110 - the app's own count
            await asyncio.sleep(0.01)
