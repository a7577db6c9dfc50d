"""While answers are read out of turn and people are turned away now and then, everybody gets their own answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

import pytest

from gateway.config.settings import Limits
from gateway.core.messages import RequestHead
from gateway.proxy import turning
from gateway.proxy.actions import Action, Peer
from gateway.proxy.upstream import UpstreamConnection
from tests.proxy.lane_kit import Browser, RawApp, Reader, Writer, forward, short_way
from tests.proxy.test_overload import LATE, QUIET, Loaded, loaded

_T = TypeVar("_T")
BROWSERS, TURNS = 30, 12
_COOKIE = b"Cookie: __Host-sekisho=x\r\n"


class Chance:
    """Draws that can be repeated (Knuth's linear congruence)."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def choice(self, values: Sequence[_T]) -> _T:
        """One of them."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % 2**64
        return values[(self._state >> 33) % len(values)]


def _answer(chance: Chance, body: bytes) -> tuple[bytes, bool]:
    """An answer in one of its shapes, and whether the connection ends with it."""
    length = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n" % len(body)
    plain = (length + b"\r\n" + body, False)
    looked_at = (length + b"Set-Cookie: a=b\r\n\r\n" + body, False)
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    last = (length + b"Connection: close\r\n\r\n" + body, True)
    return chance.choice([plain, plain, plain, looked_at, (chunked, False), last])


def _echoing(chance: Chance) -> RawApp:
    async def script(reader: Reader, writer: Writer) -> None:
        while True:
            target = (await made.head(reader)).split(b" ")[1]
            filling = b"x" * chance.choice([0, 10, 70_000])
            data, ends = _answer(chance, target + filling + target)
            cut = chance.choice([len(data), chance.choice(range(len(data)))])
            writer.write(data[:cut])
            await asyncio.sleep(chance.choice([0, 0, 0.001]))
            writer.write(data[cut:])
            if ends:
                return

    made = RawApp(script)
    return made


async def _ask(browser: Browser, chance: Chance, number: int, told: Counter[bytes]) -> None:
    for turn in range(TURNS):
        targets = [b"/%d/%d/%d" % (number, turn, place) for place in range(chance.choice([1, 1, 3]))]
        cookies = [chance.choice([b"", _COOKIE]) for _ in targets]
        heads = [b"GET %b HTTP/1.1\r\nHost: a\r\n%b\r\n" % asked for asked in zip(targets, cookies, strict=True)]
        browser.writer.write(b"".join(heads))
        for target in targets:
            head, body = await browser.answer()
            told[head[9:12]] += 1
            if head[9:12] == b"200":
                assert body.startswith(target)
                assert body.endswith(target)


async def _change(lane: Loaded, chance: Chance) -> None:
    while True:
        lane.tick(1, chance.choice([LATE, LATE, QUIET]))
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("seed", [1, 2])
async def test_nobody_gets_what_somebody_else_asked_for(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    chance, told = Chance(seed), Counter[bytes]()
    read, plain = UpstreamConnection.read_now, short_way()

    def counted(connection: UpstreamConnection) -> None:
        told[b"out of turn"] += 1
        read(connection)

    async def later(head: RequestHead, peer: Peer, has_body: bool) -> Action:
        await asyncio.sleep(0)
        return forward(head, peer, has_body)

    monkeypatch.setattr(turning, "_BETWEEN", 1)
    monkeypatch.setattr(UpstreamConnection, "read_now", counted)
    async with loaded(
        _echoing(chance),
        Limits(pool_size=3),
        many=True,
        shortcut=lambda data, peer: plain(data, peer) if chance.choice([True, False]) else None,
    ) as lane:
        lane.gate.script = lambda *asked: (
            later(*asked) if chance.choice([True, False, False, False]) else forward(*asked)
        )
        changing = asyncio.create_task(_change(lane, chance))
        async with asyncio.timeout(60):
            await asyncio.gather(*[_ask(await lane.browser(), chance, number, told) for number in range(BROWSERS)])
        changing.cancel()
        assert min(told[b"200"], told[b"out of turn"]) > BROWSERS
        assert lane.app.connections > 0
