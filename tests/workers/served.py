"""`sekisho serve --workers` as a process with its children, and the app behind it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.processes import free_port
from gateway.stores.sealing import KeyRing
from tests.harness.wire import WireAnswer, exchange
from tests.proxy.lane_kit import Reader, Writer, read_body

YAML = """
version: 1
listen: 127.0.0.1:{PORT}
public_url: http://127.0.0.1:{PORT}/
service: {name: Workers}
limits: {overload: null}  # the machine may have much else to do: turning requests away is not what is tested
keys: {file: keys}
stores: {sessions: "{SESSIONS}", registry: "sqlite:///registry.db"}
apps:
  legacy:
    upstream: http://127.0.0.1:{UPSTREAM}
    paths: [/]
    sign_in_page: /login
    sign_in: [{path: /login, login_id: {form: login_id}, password: password, success: {status: 302}}]
    sign_out: [{path: /logout}]
directory:
  patterns:
    - {match: "A(?P<office>[0-9]{4})[0-9]{4}", kind: office}
    - {match: "B(?P<establishment>[0-9]{6})(?P<employee>[0-9])", kind: establishment}
  establishments: [{code: "000001", office: "0001"}]
tenants:
  defaults: {office: {use: true}, establishment: {use: true}}
  offices: {"0002": {use: false}}
routes:
  - {path: /login, access: public}
  - {path: /open/**, access: public, methods: [GET, POST]}
"""
SECONDS = 200.0  # a machine with much else to do takes ten times as long as one without


class Served:
    """The supervisor with its file; its log is in a file too."""

    def __init__(self, folder: Path, upstream: int, sessions: str, workers: int) -> None:
        self.port = free_port()
        self.file = folder / "routes.yaml"
        self._log = folder / "log"
        if not (folder / "keys").exists():
            KeyRing.generate_file(folder / "keys")
        values = {"PORT": self.port, "UPSTREAM": upstream, "SESSIONS": sessions}
        self.text = YAML
        for name, value in values.items():
            self.text = self.text.replace("{" + name + "}", str(value))
        self.file.write_text(self.text, encoding="utf-8")
        command = [sys.executable, "-m", "gateway.cli", "serve", str(self.file), "--workers", str(workers)]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)

    def ready(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log
        return line

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def children(self) -> dict[str, int]:
        """The newest process of each name: "pages", "worker 1" …"""
        found: dict[str, int] = {}
        for pid in self._pids():
            with contextlib.suppress(OSError, IndexError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                found[words[5].decode()] = max(pid, found.get(words[5].decode(), 0))
        return found

    def _pids(self) -> list[int]:
        pids: list[int] = []
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():  # each thread's own
            with contextlib.suppress(OSError):
                pids += map(int, (task / "children").read_text().split())
        return pids

    def ask(self, path: str, *lines: str) -> WireAnswer:
        head = "\r\n".join([f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: close", *lines])
        return exchange(self.port, head.encode() + b"\r\n\r\n", seconds=SECONDS)

    def reload(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")
        self.process.send_signal(signal.SIGHUP)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what must come true."""
        limit = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < limit, self.log
            assert self.process.poll() is None, self.log
            time.sleep(0.05)

    def said(self, text: str, times: int = 1) -> None:
        """Wait for a log line."""
        self.until(lambda: self.log.count(text) >= times)


@contextlib.contextmanager
def served(folder: Path, upstream: int, sessions: str, workers: int) -> Iterator[Served]:
    made = Served(folder, upstream, sessions, workers)
    try:
        made.ready()
        yield made
    finally:
        if made.process.poll() is None:
            made.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                made.process.wait(40)
        made.process.kill()
        made.process.communicate()


def alive(pid: int) -> bool:
    """A process that has ended and that nobody has asked about is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def echoed(method: bytes, target: bytes, body: bytes) -> bytes:
    """What the app answers to a request: its own words, as many as the target asks for."""
    told = b"%b %b %b\n" % (method, target, hashlib.sha1(body).hexdigest().encode())
    return told * int(target.partition(b"lines=")[2] or 1)


class Legacy:
    """An app on the running loop. A target with `slow` waits for `go_on`; odd requests are answered in chunks."""

    def __init__(self) -> None:
        self.requests = 0
        self.go_on = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await read_body(reader, head)
                method, target, _ = head.split(b"\r\n")[0].split(b" ")
                self.requests += 1
                if b"slow" in target:
                    await self.go_on.wait()
                writer.write(self._answer(method, target, body))
                await writer.drain()
        writer.close()

    def _answer(self, method: bytes, target: bytes, body: bytes) -> bytes:
        if method == b"POST" and target == b"/login":
            return b"HTTP/1.1 302 Found\r\nLocation: /top\r\nSet-Cookie: JSESSIONID=s1\r\nContent-Length: 0\r\n\r\n"
        answer = echoed(method, target, body)
        if self.requests % 2:
            middle = len(answer) // 2
            parts = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (answer[:middle], answer[middle:]))
            return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n"
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer
