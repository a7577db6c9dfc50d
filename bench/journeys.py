"""The morning punch: sign in, choose to go without a code, punch, sign out. Many people at once, each once.

    gateway (core 0) ── demo's portal and attendance apps (core 1) · Redis, PostgreSQL (core 1)

What is spent is taken from the accounts of each program; who drives the journeys is not counted.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
import yaml

from bench import apps, stores
from bench.browser import Browser, Page, together
from bench.gateway import serve_command
from bench.processes import ROOT, Process, Spoiled, answers, cores, free_port, listens
from gateway.stores.sealing import KeyRing

REQUESTS = 10  # of one journey, as `journey` makes them
_AT_ONCE = 200
_WARM = 20
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor milliseconds of one journey by program, and how long all of them took together, in seconds."""

    milliseconds: dict[str, float]
    journeys: int
    seconds: float

    @property
    def share(self) -> float:
        """The gateway's part of what gateway, apps and servers spent."""
        return self.milliseconds["gateway"] / sum(self.milliseconds.values())


def configuration(folder: Path, port: int, upstreams: dict[str, int], sessions: str, registry: str) -> Path:
    """The demo's routes.yaml with other addresses and stores, and 2FA with free punching for whoever works there."""
    text = (ROOT / "routes.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    found["listen"], found["public_url"] = f"127.0.0.1:{port}", f"http://127.0.0.1:{port}/"
    found["keys"] = {"file": "keys"}
    found["stores"] = {"sessions": sessions, "registry": registry}
    for name, upstream in upstreams.items():
        found["apps"][name]["upstream"] = f"http://127.0.0.1:{upstream}"
    found["directory"]["sql"]["url"] = f"sqlite:///{folder}/people.db"
    found["tenants"]["defaults"]["establishment"] = {"use": True, "exempt": ["attendance.punch", "payslip.own"]}
    file = folder / "routes.yaml"
    file.write_text(yaml.safe_dump(found, allow_unicode=True), encoding="utf-8")
    return file


async def journey(port: int, login_id: str) -> None:
    """One person's morning. Raises Spoiled when any answer is not what it should be."""
    browser = Browser(port)
    try:
        await browser.restricted(login_id)  # form, sign-in, choice, chosen, held answer
        _expect(await browser.get("/top"), 200)
        _expect(await browser.get("/shugyo/punch"), 200)
        _expect(await browser.post("/shugyo/punch", {"kubun": "shukkin"}), 302)
        _expect(await browser.get("/shugyo/punch"), 200)
        _expect(await browser.get("/logout"), 302)
    finally:
        browser.close()


def _expect(page: Page, status: int) -> None:
    if page.status != status:
        raise Spoiled(f"a journey got {page.status} {page.location} where {status} was due: {page.body[:200]!r}")


async def _all(port: int, login_ids: list[str]) -> None:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(login_id: str) -> None:
        async with gate:
            await journey(port, login_id)

    await together(one(login_id) for login_id in login_ids)


@contextmanager
def world(count: int, *, servers: bool) -> Iterator[tuple[int, dict[str, Process]]]:
    """Apps, gateway, and with `servers` Redis and PostgreSQL; gives the gateway's port and the programs by name."""
    ours, others = cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sekisho-bench-journeys-")))
        ports = [free_port() for _ in range(3)]
        command = [sys.executable, "-m", "bench.apps", str(count), *map(str, ports)]
        legacy = Process(command, folder / "apps.log", core=others, ready=lambda: all(map(listens, ports)))
        stack.callback(legacy.stop)
        programs = {"apps": legacy}
        sessions, registry = "memory", "sqlite:///registry.db"
        if servers:
            redis = stack.enter_context(stores.redis(others))
            postgresql = stack.enter_context(stores.postgresql(others))
            programs |= {"redis": redis.process, "postgresql": postgresql.process}
            sessions, registry = redis.url, postgresql.url
        port = free_port()
        KeyRing.generate_file(folder / "keys")
        apps.write_directory(folder / "people.db", count)
        upstreams = dict(zip(("portal", "attendance", "payslip"), ports, strict=True))
        file = configuration(folder, port, upstreams, sessions, registry)
        if servers:
            _migrate(file, folder)
        gateway = Process(serve_command(file), folder / "log", core=ours, ready=lambda: answers(port, "/login"))
        stack.callback(gateway.stop)
        yield port, {"gateway": gateway, **programs}


def _migrate(file: Path, folder: Path) -> None:
    ended = Process(
        [sys.executable, "-m", "gateway.cli", "migrate", str(file)], folder / "migrate.log", ready=lambda: True
    )
    if ended.wait(120):
        raise Spoiled(f"sekisho migrate failed: {ended.said()}")


def measure(count: int, *, servers: bool) -> Spent:
    """So many journeys after some that warm everything up."""
    login_ids = [person.login_id for person in apps.employees(count + _WARM)]
    with world(count + _WARM, servers=servers) as (port, programs):
        uvloop.run(_all(port, login_ids[count:]))
        before = {name: program.cpu_seconds() for name, program in programs.items()}
        begun = time.perf_counter()
        uvloop.run(_all(port, login_ids[:count]))
        seconds = time.perf_counter() - begun
        spent = {name: program.cpu_seconds() - before[name] for name, program in programs.items()}
    return Spent({name: value / count * 1e3 for name, value in spent.items()}, count, seconds)


def measured(count: int, say: Say, *, short: bool) -> dict[str, Any]:
    """For build/bench.json: with memory and SQLite; with Redis and PostgreSQL unless it must be short."""
    found = {}
    for name, servers in (("embedded", False), ("servers", True))[: 1 if short else 2]:
        spent = measure(count, servers=servers)
        words = ", ".join(f"{program} {value:.2f} ms" for program, value in spent.milliseconds.items())
        say(f"morning punch ({name}, {count} people): {words}; gateway's share {spent.share:.0%}")
        found[name] = {
            "milliseconds": {program: round(value, 3) for program, value in spent.milliseconds.items()},
            "gateway_share": round(spent.share, 3),
            "journeys": count,
            "requests": REQUESTS,
        }
    return found


def main() -> None:
    """By hand: python -m bench.journeys [COUNT]."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    measured(count, print, short=False)


if __name__ == "__main__":
    main()
