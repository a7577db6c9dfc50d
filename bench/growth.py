"""What grows with an installation: decisions with routes and tenants, memory with idle connections.

python -m bench.growth                  both, with ten thousand connections
python -m bench.growth idle PORT COUNT COOKIE   (what it starts itself: one process that holds connections)
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from bench import accounts, decisions
from bench.app import App
from bench.browser import together
from bench.gateway import Gateway
from bench.processes import Spoiled, cores

PARTS = 4  # processes that hold idle connections: each has its own limit of open files
LIMIT_BYTES = 12 * 1024
LIMIT_RATIO = 1.3
Say = Callable[[str], None]


def idle_bytes(count: int) -> float:
    """Resident bytes of the gateway for each idle keep-alive connection that has carried an authenticated GET."""
    ours, others = cores()
    with App(others) as app, Gateway(app.port, ours, limits="limits: {idle: 15m, overload: null}") as gateway:
        (cookie,) = gateway.full_cookies(1)
        with _Holding(gateway.port, 200, cookie):  # what the first connections bring along is not theirs alone
            pass
        before = accounts.resident_bytes(gateway.process.pid)
        with _Holding(gateway.port, count, cookie):
            after = accounts.resident_bytes(gateway.process.pid)
    return (after - before) / count


class _Holding:
    """Processes that hold so many connections open while the block runs."""

    def __init__(self, port: int, count: int, cookie: str) -> None:
        self._commands = [
            [sys.executable, "-m", "bench.growth", "idle", str(port), str(count // PARTS), cookie] for _ in range(PARTS)
        ]
        self._running: list[subprocess.Popen[str]] = []

    def __enter__(self) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._running = [subprocess.Popen(command, **pipes) for command in self._commands]  # type: ignore[call-overload]
        for one in self._running:
            assert one.stdout is not None
            line = one.stdout.readline()
            if line != "held\n":
                raise Spoiled(f"connections could not be held: {line!r}")

    def __exit__(self, *_: object) -> None:
        for one in self._running:
            one.communicate("", timeout=60)


async def _hold(port: int, count: int, cookie: str) -> None:
    """Open connections, ask once on each, then keep them until our input ends."""
    request = (
        f"GET /jinji/1/view HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: idle\r\nCookie: {cookie}\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    held: list[socket.socket] = []
    gate = asyncio.Semaphore(50)

    async def one() -> None:
        async with gate:
            connection = socket.socket()
            connection.setblocking(False)
            await loop.sock_connect(connection, ("127.0.0.1", port))
            await loop.sock_sendall(connection, request)
            answer = b""
            while b"\r\n\r\n" not in answer or len(answer) < 1024:
                piece = await loop.sock_recv(connection, 65536)
                if not piece:
                    break
                answer += piece
            if not answer.startswith(b"HTTP/1.1 200"):
                raise Spoiled(f"an idle connection was answered {answer[:60]!r}")
            held.append(connection)

    await together(one() for _ in range(count))
    print("held", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for connection in held:
        connection.close()


def measured(idle: int, say: Say, *, quick: bool = False) -> dict[str, Any]:
    """For build/bench.json."""
    found: dict[str, Any] = {"decisions": decisions.measured(say, rounds=5 if quick else 25)}
    size = idle_bytes(idle)
    say(f"idle connections: {size / 1024:.1f} KiB each at {idle:,} (at most {LIMIT_BYTES // 1024})")
    found["idle_connections"] = {"count": idle, "bytes_each": round(size)}
    return found


def main() -> None:
    """See the module."""
    if sys.argv[1:2] == ["idle"]:
        asyncio.run(_hold(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
    else:
        measured(10_000, print)


if __name__ == "__main__":
    main()
