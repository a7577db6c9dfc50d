"""Many clients at once, each of whose answers is checked byte by byte. Whatever is lost or wrong is written down."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tests.proxy.lane_kit import Reader, Writer, read_body
from tests.workers.served import echoed

T = TypeVar("T")
_BUSY, _PATIENT = 24, 16  # clients; a patient one mostly says nothing, on a connection that it keeps
CLIENTS = _BUSY + _PATIENT
_SIZES = (0, 1, 200, 5_000, 60_000)
_NOISE = bytes(number * 7919 >> 5 & 255 for number in range(max(_SIZES)))
_PAGE = b"/.sekisho/help/"
_PATIENCE = 60.0


class Dice:
    """Falls the same way in every run."""

    def __init__(self, seed: int) -> None:
        self._state = seed + 1

    def choice(self, choices: Sequence[T]) -> T:
        self._state = self._state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        return choices[(self._state >> 33) % len(choices)]


@dataclass
class Load:
    """Requests without end until `finish`, then until there were `total`; every tenth belongs to a session. There are
    pauses until then: processes that start need the processor too."""

    port: int
    cookie: bytes
    total: int
    answered: int = 0
    connections: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _next: int = 0
    _finishing: bool = False

    async def run(self) -> None:
        async with asyncio.TaskGroup() as clients:
            for number in range(CLIENTS):
                patient = number >= _BUSY
                pauses = (0.1, 0.5, 1.0) if patient else (0.02, 0.05, 0.1)
                clients.create_task(self._client(Dice(number), pauses, (1000,) if patient else (1, 5, 60)))

    def finish(self) -> None:
        self._finishing = True

    def _enough(self) -> bool:
        return self._finishing and self._next >= self.total

    async def until(self, answered: int) -> None:
        while self.answered < answered:  # noqa: ASYNC110 - a count
            await asyncio.sleep(0.01)

    async def _client(self, chance: Dice, pauses: Sequence[float], lengths: Sequence[int]) -> None:
        while not self._enough():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
            except OSError as fault:
                self.lost.append(f"connecting: {fault!r}")
                continue
            self.connections += 1
            for _ in range(chance.choice(lengths)):
                if self._enough() or not await self._exchange(reader, writer, chance):
                    break
                await asyncio.sleep(0 if self._finishing else chance.choice(pauses))
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _exchange(self, reader: Reader, writer: Writer, chance: Dice) -> bool:
        """Whether the connection stays."""
        self._next += 1
        number = self._next
        method, target, raw, expected = self._request(number, chance)
        try:
            async with asyncio.timeout(_PATIENCE):
                for start in range(0, len(raw), 16384):  # as a browser does: in pieces
                    writer.write(raw[start : start + 16384])
                    await writer.drain()
                head = await reader.readuntil(b"\r\n\r\n")
                body = await read_body(reader, head)
        except (OSError, EOFError, TimeoutError) as fault:
            self.lost.append(f"{number} {method!r} {target!r}: {fault!r}")
            return False
        self.answered += 1
        status = b"405" if target == _PAGE and method == b"POST" else b"200"
        if not head.startswith(b"HTTP/1.1 " + status) or (expected is not None and body != expected):
            self.wrong.append(f"{number} {method!r} {target!r}: {head[:200]!r} {body[:100]!r}")
        return b"Connection: close" not in head

    def _request(self, number: int, chance: Dice) -> tuple[bytes, bytes, bytes, bytes | None]:
        signed_in = number % 10 == 0
        target = b"/%b/%d?lines=%d" % (b"own" if signed_in else b"open", number, chance.choice((1, 1, 20, 400)))
        lines = [b"Host: 127.0.0.1:%d" % self.port]
        if signed_in:
            lines.append(b"Cookie: " + self.cookie)
        if (
            number % 25 == 1
        ):  # a page of the gateway's own, which no form may be sent to; that is not sent a second time
            method = b"GET" if number % 2 else b"POST"
            return method, _PAGE, _head(method, _PAGE, [*lines, b"Content-Length: 0"]), None
        method = chance.choice((b"GET", b"GET", b"POST"))
        body = _NOISE[: chance.choice(_SIZES)] if method == b"POST" else b""
        if method == b"POST" and chance.choice((True, False)):
            sent = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in _parts(body)) + b"0\r\n\r\n"
            raw = _head(method, target, [*lines, b"Transfer-Encoding: chunked"]) + sent
        elif method == b"POST":
            raw = _head(method, target, [*lines, b"Content-Length: %d" % len(body)]) + body
        else:
            raw = _head(method, target, lines)
        return method, target, raw, echoed(method, target, body)


def _head(method: bytes, target: bytes, lines: list[bytes]) -> bytes:
    return b"\r\n".join([method + b" " + target + b" HTTP/1.1", *lines]) + b"\r\n\r\n"


def _parts(body: bytes) -> list[bytes]:
    return [body[start : start + 7000] for start in range(0, len(body), 7000)]
