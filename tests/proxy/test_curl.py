"""curl, which nobody here wrote, sees through the lane and through the whole gateway what it sees at the app itself."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from gateway.config.settings import Limits, ListenAddress
from gateway.proxy.server import Lane
from tests.harness.gateway import GatewayThread
from tests.proxy.lane_kit import ScriptedGate
from tests.sign_in.world import YAML

# What is the proxy's own: framing, connections, and the date of each answer.
_OWN = (b"date:", b"connection:", b"keep-alive:", b"transfer-encoding:", b"content-length:")
FILE = bytes(range(256)) * 2000
RULE = "sign_in: [{path: /login, login_id: {form: user}, success: {status: 302}}]"


async def _echo(request: web.Request) -> web.Response:
    body = await request.read()
    return web.Response(body=request.method.encode() + b" " + request.raw_path.encode() + b" " + body)


async def _packed(request: web.Request) -> web.Response:
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return web.Response(text="plain " * 500)
    packed = gzip.compress(b"plain " * 500, mtime=0)
    return web.Response(body=packed, headers={"Content-Encoding": "gzip"}, content_type="text/plain")


async def _pieces(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"X-Odd": "two  spaces"})
    await answer.prepare(request)
    for number in range(5):
        await answer.write(b"piece %d\n" % number)
    return answer


async def _early(request: web.Request) -> web.Response:
    return web.Response(status=413, text="too much")


async def _ranges(request: web.Request) -> web.Response:
    part = b"\r\n".join(
        b"--cut\r\nContent-Type: text/plain\r\nContent-Range: bytes %d-%d/9\r\n\r\n%b" % (at, at + 1, b"ab")
        for at in (0, 4)
    )
    kind = "multipart/byteranges; boundary=cut"
    return web.Response(status=206, body=part + b"\r\n--cut--\r\n", headers={"Content-Type": kind})


def _application(file: Path) -> web.Application:
    async def whole(request: web.Request) -> web.FileResponse:
        return web.FileResponse(file, headers={"ETag": '"one"'})

    app = web.Application(client_max_size=1 << 26)
    app.router.add_get("/spa/file", whole)
    app.router.add_get("/spa/packed", _packed)
    app.router.add_get("/spa/pieces", _pieces)
    app.router.add_get("/spa/ranges", _ranges)
    app.router.add_route("*", "/spa/early", _early)
    app.router.add_get("/spa/none", _none)
    app.router.add_get("/spa/same", _same)
    app.router.add_route("*", "/spa/{rest:.*}", _echo)
    return app


async def _none(request: web.Request) -> web.Response:
    return web.Response(status=204, headers={"ETag": '"one"'})


async def _same(request: web.Request) -> web.Response:
    return web.Response(status=304, headers={"ETag": '"one"'})


@dataclass
class Ways:
    """The same app: itself, behind a lane, behind a whole gateway."""

    app: str
    lane: str
    gate: str
    folder: Path

    async def curl(self, base: str, words: list[str]) -> tuple[int, bytes, list[bytes], bytes]:
        """Exit code, status line, the app's headers, and body."""
        head, body = self.folder / "head", self.folder / "body"
        body.unlink(missing_ok=True)
        if "-C" in words:
            body.write_bytes(FILE[:100_000])
        words = [word.replace("BASE", base) for word in words]
        fixed = ("--silent", "--max-time", "20", "-H", "Host: app.test", "-D", str(head), "-o", str(body))
        process = await asyncio.create_subprocess_exec("curl", *fixed, *words)
        code = await process.wait()
        lines = head.read_bytes().rstrip(b"\r\n").split(b"\r\n\r\n")[-1].split(b"\r\n")
        headers = sorted(line for line in lines[1:] if not line.lower().startswith(_OWN))
        received = body.read_bytes() if body.exists() and "--head" not in words else b""  # else the head once more
        return code, lines[0].split(b" ", 1)[1], headers, received


@pytest.fixture
async def ways(tmp_path: Path) -> AsyncIterator[Ways]:
    file = tmp_path / "file.bin"
    file.write_bytes(FILE)
    runner = web.AppRunner(_application(file), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    upstream = runner.addresses[0][1]
    lane = Lane(ScriptedGate(), {"app": ("127.0.0.1", upstream)}, Limits())
    (port,) = await lane.start((ListenAddress("127.0.0.1", 0),))
    text = YAML.replace("/spa/**, ", "/spa/**, methods: [GET, HEAD, POST, PUT, DELETE, PROPFIND], ")
    text = text.replace("{UPSTREAM}", str(upstream)).replace("{APP}", RULE).replace("{MORE}", "")
    gateway = GatewayThread(tmp_path / "gate", text)
    await asyncio.to_thread(gateway.start)
    made, lanes, gates = (f"http://127.0.0.1:{number}" for number in (upstream, port, gateway.port))
    try:
        yield Ways(made, lanes, gates, tmp_path)
    finally:
        await asyncio.to_thread(gateway.stop)
        await lane.close()
        await runner.cleanup()


CASES: dict[str, list[str]] = {
    "get": ["BASE/spa/a?b=%20c&d=/../e"],
    "http 1.0": ["--http1.0", "BASE/spa/a"],
    "http 1.0, no length": ["--http1.0", "BASE/spa/pieces"],
    "chunked": ["BASE/spa/pieces"],
    "head": ["--head", "BASE/spa/file"],
    "no content": ["BASE/spa/none"],
    "not modified": ["BASE/spa/same"],
    "range": ["-r", "1000-1999", "BASE/spa/file"],
    "last bytes": ["-r", "-500", "BASE/spa/file"],
    "resumed": ["-C", "-", "BASE/spa/file"],
    "if-range": ["-r", "0-9", "-H", 'If-Range: "other"', "BASE/spa/file"],
    "beyond its end": ["-r", "9000000-", "BASE/spa/file"],
    "several ranges": ["-r", "0-1,4-5", "BASE/spa/ranges"],
    "compressed": ["--compressed", "BASE/spa/packed"],
    "compressed and raw": ["-H", "Accept-Encoding: gzip", "BASE/spa/packed"],
    "form": ["-d", "a=1&b=%E3%81%82", "BASE/spa/form"],
    "file in a form": ["--data-binary", "@FILE", "-H", "Content-Type: application/x-odd", "BASE/spa/n"],
    "upload": ["-T", "FILE", "BASE/spa/up"],
    "chunked upload": ["-T", "FILE", "-H", "Transfer-Encoding: chunked", "BASE/spa/up"],
    "expected upload": ["-T", "FILE", "-H", "Expect: 100-continue", "BASE/spa/up"],
    "refused upload": ["-T", "FILE", "-H", "Expect: 100-continue", "BASE/spa/early"],
    "delete": ["-X", "DELETE", "BASE/spa/a"],
    "own method": ["-X", "PROPFIND", "BASE/spa/a"],
    "kept alive": ["BASE/spa/1", "-o", "/dev/null", "BASE/spa/2"],
    "path as it is": ["--path-as-is", "BASE/spa/%E6%97%A5%E6%9C%AC/a-b_c~d?e=%2F..&f=g+h"],
}


async def test_curl_sees_no_difference(ways: Ways) -> None:
    for name, case in CASES.items():
        words = [word.replace("FILE", str(ways.folder / "file.bin")) for word in case]
        direct, lane, gate = [await ways.curl(base, words) for base in (ways.app, ways.lane, ways.gate)]
        assert direct[0] == 0 or name == "beyond its end", name
        assert lane == direct, name
        assert gate == direct, name
