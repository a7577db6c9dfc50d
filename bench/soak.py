"""Mixed traffic for minutes, and the gateway's memory all along: python -m bench.soak --minutes 10.

People sign in, read and sign out; others stay and read small and large pages or upload; some hang up in the middle of a
head, of an upload or of an answer. What grows for ever shows as a slope in the second half, when everything that is
remembered up to a bound has been filled once.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import uvloop

from bench import accounts, report
from bench.app import LARGE, SMALL, UPLOAD, App
from bench.browser import Browser, together
from bench.gateway import Gateway
from bench.processes import Spoiled, cores

_SAMPLE_SECONDS = 2.0
FLAT_SHARE = 0.02  # of the memory in the middle: what the second half may add
Work = Callable[["Crowd"], Coroutine[Any, Any, None]]


class Crowd:
    """Everybody who comes, until `until`."""

    def __init__(self, port: int, until: float) -> None:
        self.port = port
        self.until = until
        self.done: Counter[str] = Counter()
        self._numbers = itertools.count(1)

    def over(self) -> bool:
        """Whether it is time to go."""
        return time.monotonic() > self.until

    def login_id(self, kind: str) -> str:
        """One that nobody has used yet."""
        number = next(self._numbers)
        return f"A0001{number:04}" if kind == "A" else f"B{1 + number // 99:06}{number % 99 + 1:02}"


async def visitors(crowd: Crowd) -> None:
    """One after the other: in with a password, a choice and a page, and out again."""
    while not crowd.over():
        browser = Browser(crowd.port)
        await browser.sign_in(crowd.login_id("B"))
        await browser.get("/.sekisho/choice")
        await browser.get(f"{SMALL}/1/view")  # too early: led back
        if (await browser.get("/logout")).status != 302:
            raise Spoiled("a visitor could not sign out")
        await browser.close()
        crowd.done["visits"] += 1


async def readers(crowd: Crowd) -> None:
    """Somebody with a code who reads all day, small and large."""
    browser = Browser(crowd.port)
    await browser.full(crowd.login_id("A"))
    for number in itertools.count():
        if crowd.over():
            break
        page = await browser.get(f"{LARGE if number % 5 == 0 else SMALL}/{number}/view?tab={number % 7}")
        if page.status != 200:
            raise Spoiled(f"a reader got {page.status}")
        crowd.done["pages"] += 1
    await browser.close()


async def uploaders(crowd: Crowd) -> None:
    """Somebody with a code who sends files of up to a megabyte."""
    browser = Browser(crowd.port)
    await browser.full(crowd.login_id("A"))
    for number in itertools.count():
        if crowd.over():
            break
        page = await browser.post(f"{UPLOAD}/{number}", {"file": "x" * (1 << 10 + number % 11)})
        if page.status != 200:
            raise Spoiled(f"an upload got {page.status}")
        crowd.done["uploads"] += 1
    await browser.close()


async def vandals(crowd: Crowd) -> None:
    """Somebody who hangs up in the middle of everything."""
    browser = Browser(crowd.port)
    await browser.full(crowd.login_id("A"))
    await browser.close()
    host = f"Host: 127.0.0.1:{crowd.port}\r\nCookie: {browser.cookie}\r\n"
    pieces = (
        f"GET {SMALL}/1/view HTTP/1.1\r\nHost: 127".encode(),
        f"POST {UPLOAD}/1 HTTP/1.1\r\n{host}Content-Length: 1000000\r\n\r\n".encode() + b"x" * 5000,
        f"GET {LARGE}/1/view HTTP/1.1\r\n{host}\r\n".encode() * 3,
        b"\x16\x03\x01 nonsense\r\n\r\n",
        f"GET /login HTTP/1.1\r\n{host}Content-Length: 5, 6\r\n\r\n".encode(),
    )
    for number in itertools.count():
        if crowd.over():
            break
        reader, writer = await asyncio.open_connection("127.0.0.1", crowd.port)
        writer.write(pieces[number % len(pieces)])
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.read(1000)
        writer.transport.abort()
        crowd.done["hung up"] += 1


async def _run(crowd: Crowd, sample: Callable[[], int]) -> list[int]:
    samples: list[int] = []

    async def look() -> None:
        while not crowd.over():
            samples.append(sample())
            await asyncio.sleep(_SAMPLE_SECONDS)

    works: Sequence[Work] = (*[visitors] * 4, *[readers] * 6, *[uploaders] * 2, *[vandals] * 4)
    await together([look(), *(work(crowd) for work in works)])
    return samples


def slope(samples: Sequence[int], seconds: float) -> float:
    """Bytes a minute by least squares over these samples, `seconds` apart."""
    middle = (len(samples) - 1) / 2
    mean = sum(samples) / len(samples)
    over = sum((index - middle) * (one - mean) for index, one in enumerate(samples))
    under = sum((index - middle) ** 2 for index in range(len(samples)))
    return over / under / seconds * 60 if under else 0.0


def verdict(samples: Sequence[int]) -> dict[str, Any]:
    """What the second half added: the mean of the last tenth over that of the tenth in the middle."""
    tenth = max(1, len(samples) // 10)
    half = samples[len(samples) // 2 :]
    middle, end = sum(half[:tenth]) / tenth, sum(half[-tenth:]) / tenth
    return {
        "begin_mib": round(samples[0] / 2**20, 1),
        "middle_mib": round(middle / 2**20, 1),
        "end_mib": round(end / 2**20, 1),
        "slope_kib_a_minute": round(slope(half, _SAMPLE_SECONDS) / 1024, 1),
        "flat": end <= middle * (1 + FLAT_SHARE),
    }


def soak(minutes: float) -> dict[str, Any]:
    """Run it. Raises Spoiled when somebody got a wrong answer."""
    ours, others = cores()
    with App(others) as app, Gateway(app.port, ours, limits="limits: {overload: null}") as gateway:
        crowd = Crowd(gateway.port, time.monotonic() + minutes * 60)
        try:
            samples = uvloop.run(_run(crowd, lambda: accounts.resident_bytes(gateway.process.pid)))
        except Spoiled as fault:
            raise Spoiled(f"{fault}\nafter {dict(crowd.done)}; the gateway said:\n{gateway.process.said()}") from fault
    return {"minutes": minutes, "done": dict(crowd.done), **verdict(samples)}


def main() -> int:
    """0 when memory is flat."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--minutes", type=float, default=10.0)
    try:
        found = soak(parser.parse_args().minutes)
    except Spoiled as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    report.write({"soak": found})
    print(", ".join(f"{number:,} {name}" for name, number in found["done"].items()))
    print(
        f"memory: {found['begin_mib']} MiB first, {found['middle_mib']} in the middle, {found['end_mib']} at the end, "
        f"{found['slope_kib_a_minute']:+} KiB a minute in the second half: {'flat' if found['flat'] else 'NOT FLAT'}"
    )
    return 0 if found["flat"] else 1


if __name__ == "__main__":
    sys.exit(main())
