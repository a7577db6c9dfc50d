"""Where the microseconds of one authenticated GET go: python -m bench.profile

The real gate and lane of a real configuration in this process; a person signs in through HTTP with a password and a
code. Then their request is handed to a connection of the lane without any socket, and the app's answer to its
connection. What is left out is the kernel and the event loop. A timer of processor time looks now and then which
function is at work.

Two ways: a request like those before it, and one whose address nobody has asked for yet.
"""

from __future__ import annotations

import asyncio
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from bench import report
from bench.app import SESSION_COOKIE, SMALL, page
from bench.browser import HEADERS, Browser
from bench.gateway import write_configuration
from bench.processes import Spoiled, free_port
from gateway import app
from gateway.config.loading import load
from gateway.proxy.actions import Peer
from gateway.proxy.client import ClientConnection

REQUESTS = 150_000
_TURN = 100
_TICK_SECONDS = 0.0005
_LEAST = 0.01  # of the whole: stages with less are summed up
STAGES = (  # the first pattern that fits `module.function` names the stage
    ("browser's connection", r"proxy\.(client|wire|undecided|reading)\."),
    ("head: parsed and examined", r"proxy\.intake\.|core\.heads\.Examined|core\.heads\.examine|core\.header_names"),
    ("is it still as judged: block, address, clock", r"proxy\.express\.|core\.openings\."),
    ("who asks: session", r"stores\.(sessions|memory|recent|freshness|redis)"),
    ("who asks: tenant's settings, policy", r"stores\.tenants\.|core\.policy\."),
    (
        "what is asked: target, app, host",
        r"core\.target\.|core\.path_folding|core\.apps\.|core\.public_hosts|core\.urls",
    ),
    ("decision", r"core\.(decide|routes|doors|session|params|calendar|rollout)\.|proxy\.gate\."),
    ("who asks: reception", r"proxy\.(reception|visit)\."),
    ("cookies: the browser's and the vault's", r"core\.(cookies|jar|cookie_)|proxy\.vaulting\.|core\.own_cookies"),
    ("headers for the app", r"core\.heads\.request|proxy\.forwarding\.headers|proxy\.framing\.request"),
    ("app's connection: taken and given back", r"proxy\.(pool|upstreams|health)\."),
    ("app's connection: request out, answer in", r"proxy\.upstream\."),
    ("answer's head", r"core\.plain_answers\.|core\.heads\.|proxy\.forwarding\.|proxy\.framing\."),
    ("exchange", r"proxy\.(short|forward)\."),
    ("time limits, overload, counting", r"proxy\.(sweep|shared|paces|busy|overload|valve|crowd)\."),
)


class _Wire(asyncio.Transport):
    """A transport that keeps what is written. `asked`: everybody who has written since it was emptied."""

    def __init__(self, asked: list[_Wire]) -> None:
        super().__init__()
        self.protocol: Any = None
        self.written = bytearray()
        self._asked = asked
        self._closing = False

    def write(self, data: Any) -> None:  # noqa: ANN401 - as asyncio has it
        self.written += data
        self._asked.append(self)

    def writelines(self, list_of_data: Any) -> None:  # noqa: ANN401 - as asyncio has it
        self.write(b"".join(list_of_data))

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as asyncio has it
        return ("127.0.0.1", 50_000) if name == "peername" else default

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    def abort(self) -> None:
        self._closing = True

    def pause_reading(self) -> None:
        """Nothing comes by itself."""

    def resume_reading(self) -> None:
        """Likewise."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Never full."""

    def get_write_buffer_size(self) -> int:
        return 0


def answer_to(request: bytes) -> bytes:
    """What the app answers: a sign-in works, everything else is a page."""
    if request.startswith(b"POST /login "):
        head = f"HTTP/1.1 302 Found\r\nLocation: /home\r\nSet-Cookie: {SESSION_COOKIE}; Path=/; HttpOnly\r\n"
        return head.encode() + b"Content-Length: 0\r\n\r\n"
    return (
        b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 02 Nov 2026 08:58:00 GMT\r\nContent-Type: text/html; "
        b"charset=UTF-8\r\nContent-Length: 1024\r\nLast-Modified: Mon, 02 Nov 2026 00:00:00 GMT\r\n"
        b'Connection: keep-alive\r\nETag: "69069f80-400"\r\nCache-Control: private, no-store\r\n'
        b"X-Frame-Options: SAMEORIGIN\r\nVary: Accept-Encoding\r\nAccept-Ranges: bytes\r\n\r\n" + page(1024)
    )


class Rig:
    """A gateway whose app is a function, and one signed-in person's connection to it."""

    def __init__(self, running: app.Running, browser: Browser, asked: list[_Wire]) -> None:
        generation: Any = running._generation  # noqa: SLF001 - no socket leads there
        self._asked = asked
        self._wire = _Wire(asked)
        self._client = ClientConnection(generation.client.lane._shared, Peer("127.0.0.1", 50_000, "http"))  # noqa: SLF001
        self._client.connection_made(self._wire)
        lines = "".join(f"{name}: {value}\r\n" for name, value in HEADERS)
        self._rest = f" HTTP/1.1\r\nHost: 127.0.0.1:{browser.port}\r\n{lines}Cookie: {browser.cookie}\r\n\r\n".encode()
        self._answer = answer_to(b"GET ")
        asked.clear()

    async def once(self, target: bytes) -> None:
        """One request and its answer. Once a second the gateway has to ask what a tenant has set, and awaits it.

        Raises Spoiled when the answer did not come out whole.
        """
        asked, wire = self._asked, self._wire
        self._client.data_received(b"GET " + target + self._rest)
        while not asked:  # noqa: ASYNC110 - any wire may be the one
            await asyncio.sleep(0)
        upstream = asked.pop()
        upstream.written.clear()
        upstream.protocol.data_received(self._answer)
        if not (wire.written.startswith(b"HTTP/1.1 200") and wire.written.endswith(self._answer[-1024:])):
            raise Spoiled(f"a wrong answer: {bytes(wire.written[:200])!r}")
        wire.written.clear()
        asked.clear()


async def rig(folder: Path, stop: list[Callable[[], Any]]) -> Rig:
    """Start everything; a person signs in. `stop` gets what ends it."""
    asked: list[_Wire] = []
    loop: Any = asyncio.get_running_loop()
    port = free_port()
    connect = loop.create_connection

    async def connected(factory: Any, host: str, to: int, **more: Any) -> Any:  # noqa: ANN401 - as asyncio has it
        if to != 1:
            return await connect(factory, host, to, **more)
        wire = _Wire(asked)
        wire.protocol = factory()
        wire.protocol.connection_made(wire)
        return wire, wire.protocol

    loop.create_connection = connected
    running = await app.start(load(write_configuration(folder, port, 1, limits="limits: {overload: null}")))
    stop.append(running.close)
    serving = loop.create_task(_serve(asked))
    browser = Browser(port)
    await browser.full("A00010001")
    await browser.close()
    serving.cancel()
    return Rig(running, browser, asked)


async def _serve(asked: list[_Wire]) -> None:
    """Be the app for as long as the person signs in through real sockets."""
    while True:
        while asked:
            wire = asked.pop(0)
            request, wire.written = bytes(wire.written), bytearray()
            if wire.protocol is not None:
                wire.protocol.data_received(answer_to(request))
        await asyncio.sleep(0.001)


@contextmanager
def sampled(found: Counter[str]) -> Iterator[None]:
    """Count which function of the gateway is at work, by processor time."""

    def look(_number: int, frame: FrameType | None) -> None:
        while frame is not None:
            module = frame.f_globals.get("__name__", "")
            if module.startswith("gateway."):
                found[f"{module.removeprefix('gateway.')}.{frame.f_code.co_qualname}"] += 1
                return
            frame = frame.f_back
        found["rig"] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, _TICK_SECONDS, _TICK_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def stage(function: str) -> str:
    """The stage that a function belongs to."""
    return next((name for name, pattern in STAGES if re.match(pattern, function)), "the rest")


def stages(functions: Counter[str], microseconds: float) -> dict[str, float]:
    """Microseconds by stage, the largest first, in the end what is small; the measuring itself is left out."""
    several: Counter[str] = Counter()
    for function, count in functions.items():
        if function != "rig":
            several[stage(function)] += count
    total = sum(functions.values()) or 1
    found = {name: microseconds * count / total for name, count in several.most_common()}
    whole = microseconds * (1 - functions["rig"] / total)
    small = sum(value for value in found.values() if value < whole * _LEAST)
    shown = {name: round(value, 2) for name, value in found.items() if value >= whole * _LEAST}
    return {**shown, "everything smaller": round(small, 2), "in all": round(whole, 2)}


async def drive(made: Rig, targets: list[bytes]) -> tuple[float, Counter[str]]:
    """Microseconds of one request, and the functions that were seen at work."""
    functions: Counter[str] = Counter()
    begun = time.process_time()
    for number, target in enumerate(targets[: len(targets) // 2]):
        await made.once(target)
        if not number % _TURN:
            await asyncio.sleep(0)  # timers and what is written now and then have their turn
    spent = time.process_time() - begun
    with sampled(functions):
        for number, target in enumerate(targets[len(targets) // 2 :]):
            await made.once(target)
            if not number % _TURN:
                await asyncio.sleep(0)
    return spent / (len(targets) // 2) * 1e6, functions


async def _measured(folder: Path, count: int) -> dict[str, Any]:
    stop: list[Callable[[], Any]] = []
    try:
        made = await rig(folder, stop)
        known = [f"{SMALL}/{1000 + number}/view?tab=2&from=menu".encode() for number in range(25)]
        for target in known * 4:
            await made.once(target)
        usual, functions = await drive(made, known * (2 * count // len(known)))
        new = [f"{SMALL}/{number}/view?tab=3&from=menu".encode() for number in range(count // 5)]
        first, rarer = await drive(made, new)
    finally:
        for end in stop:
            await end()
    return {
        "microseconds": stages(functions, usual),
        "new_address_microseconds": stages(rarer, first),
        "functions": {
            name: round(usual * seen / (sum(functions.values()) or 1), 2) for name, seen in functions.most_common(25)
        },
    }


def measured(count: int = REQUESTS) -> dict[str, Any]:
    """For build/bench.json."""
    with tempfile.TemporaryDirectory(prefix="sekisho-bench-profile-") as folder:
        return asyncio.run(_measured(Path(folder), count))


def main() -> None:
    """Two tables, and the functions themselves."""
    found = measured()
    report.write({"profile": found})
    for title, key in (
        ("like those before", "microseconds"),
        ("an address for the first time", "new_address_microseconds"),
    ):
        print(f"one authenticated GET, {title}, without kernel and event loop:")
        for name, value in found[key].items():
            print(f"  {value:7.2f} µs  {name}")
    print("by function, the usual way:")
    for name, value in found["functions"].items():
        print(f"  {value:7.2f} µs  {name}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
