"""The morning punch: sign in, choose to go without a code, punch, sign out. Hundreds of people, each once.

    gateway (core 0) ── demo's portal and attendance apps (core 1) · Redis, PostgreSQL (core 1)

Everybody takes the same step before anybody takes the next, so that each step has its own account; between two steps
they think for longer than a tenant's settings count as known. What drives the journeys is not counted.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop
import yaml

from bench import apps, stores
from bench.browser import Browser, Page, together
from bench.gateway import serve_command
from bench.processes import ROOT, Process, Spoiled, answers, cores, free_port, listens
from gateway.stores.sealing import KeyRing

_AT_ONCE = 50
_WARM = 20
_THINK_SECONDS = 1.1
Say = Callable[[str], None]


@dataclass(slots=True)
class Traveller:
    """One person, with what the page before told them."""

    login_id: str
    browser: Browser
    page: Page = field(default_factory=lambda: Page(0, "", b""))


async def _form(who: Traveller) -> Page:
    return await who.browser.get("/login")


async def _sign_in(who: Traveller) -> Page:
    return await who.browser.post("/login", {"login_id": who.login_id, "password": "demo"})


async def _choice(who: Traveller) -> Page:
    return await who.browser.get("/.sekisho/choice")


async def _choose(who: Traveller) -> Page:
    return await who.browser.post("/.sekisho/choice", {"csrf": who.page.csrf, "choice": "restricted"})


async def _held(who: Traveller) -> Page:
    return await who.browser.get(who.page.location)


async def _menu(who: Traveller) -> Page:
    return await who.browser.get("/top")


async def _punch_page(who: Traveller) -> Page:
    return await who.browser.get("/shugyo/punch")


async def _punch(who: Traveller) -> Page:
    return await who.browser.post("/shugyo/punch", {"kubun": "shukkin"})


async def _sign_out(who: Traveller) -> Page:
    return await who.browser.get("/logout")


Step = Callable[[Traveller], Awaitable[Page]]
STEPS: tuple[tuple[str, Step, int], ...] = (  # what it is, and the status that it must have
    ("sign-in page", _form, 200),
    ("sign-in", _sign_in, 303),
    ("choice page", _choice, 200),
    ("choice", _choose, 303),
    ("held answer", _held, 302),
    ("menu, icons taken out", _menu, 200),
    ("punch page", _punch_page, 200),
    ("punch", _punch, 302),
    ("punch page again", _punch_page, 200),
    ("sign-out", _sign_out, 302),
)


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor milliseconds of one person, by step and program; and what the servers counted for one person."""

    milliseconds: Mapping[str, Mapping[str, float]]
    counted: Mapping[str, float]

    @property
    def programs(self) -> dict[str, float]:
        """Of the whole journey."""
        names = next(iter(self.milliseconds.values()))
        return {name: sum(step[name] for step in self.milliseconds.values()) for name in names}

    @property
    def share(self) -> float:
        """The gateway's part of all that was spent."""
        programs = self.programs
        return programs["gateway"] / (sum(programs.values()) or 1.0)


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
    found["tenants"]["defaults"] = {
        "office": {"use": True},
        "establishment": {"use": True, "exempt": ["attendance.punch", "payslip.own"]},
    }
    file = folder / "routes.yaml"
    file.write_text(yaml.safe_dump(found, allow_unicode=True), encoding="utf-8")
    return file


async def walk(travellers: list[Traveller], around: Callable[[str], None], think: float) -> None:
    """Everybody takes every step. `around` is called with a step's name when it is done. Raises Spoiled."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(who: Traveller, step: Step, status: int) -> None:
        async with gate:
            who.page = await step(who)
        if who.page.status != status:
            said = f"{who.page.status} {who.page.location} {who.page.body[:200]!r}"
            raise Spoiled(f"{who.login_id} got {said} where {status} was due")

    try:
        for name, step, status in STEPS:
            await together(one(who, step, status) for who in travellers)
            around(name)
            await asyncio.sleep(think)
    finally:
        for who in travellers:
            await who.browser.close()


@dataclass(frozen=True, slots=True)
class World:
    """Everything that runs."""

    port: int
    programs: Mapping[str, Process]
    redis: str = ""
    postgresql: str = ""


@contextmanager
def world(count: int, *, servers: bool) -> Iterator[World]:
    """Apps and gateway; with `servers` Redis and PostgreSQL too."""
    ours, others = cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sekisho-bench-journeys-")))
        ports = [free_port() for _ in range(3)]
        command = [sys.executable, "-m", "bench.apps", str(count), *map(str, ports)]
        ready = lambda: all(map(listens, ports))  # noqa: E731 - three ports, one condition
        programs = {"apps": stack.enter_context(Process(command, folder / "apps.log", core=others, ready=ready))}
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
            migrate(file, folder)
        ready = lambda: answers(port, "/login")  # noqa: E731 - likewise
        gateway = stack.enter_context(Process(serve_command(file), folder / "log", core=ours, ready=ready))
        yield World(port, {"gateway": gateway, **programs}, *((sessions, registry) if servers else ()))


def migrate(file: Path, folder: Path) -> None:
    """Make the registry's tables. Raises Spoiled."""
    command = [sys.executable, "-m", "gateway.cli", "migrate", str(file)]
    ended = Process(command, folder / "migrate.log", ready=lambda: True)
    if ended.wait(120):
        raise Spoiled(f"sekisho migrate failed: {ended.said()}")


def measure(count: int, *, servers: bool, think: float = _THINK_SECONDS) -> Spent:
    """So many journeys, after some that warm everything up."""
    login_ids = [person.login_id for person in apps.employees(count + _WARM)]
    milliseconds: dict[str, dict[str, float]] = {}
    with world(count + _WARM, servers=servers) as made:
        people = [Traveller(login_id, Browser(made.port)) for login_id in login_ids]
        uvloop.run(walk(people[count:], lambda _: None, 0.0))
        counters = stores.Counters(made.redis, made.postgresql) if servers else None
        before = {name: program.cpu_seconds() for name, program in made.programs.items()}

        def note(step: str) -> None:
            now = {name: program.cpu_seconds() for name, program in made.programs.items()}
            milliseconds[step] = {name: (now[name] - before[name]) / count * 1e3 for name in now}
            before.update(now)

        uvloop.run(walk(people[:count], note, think))
        counted = {name: value / count for name, value in counters.since().items()} if counters else {}
        counted["bytes received"] = sum(who.browser.received for who in people[:count]) / count
        counted["bytes sent"] = sum(who.browser.sent for who in people[:count]) / count
    return Spent(milliseconds, counted)


def measured(count: int, say: Say, *, short: bool) -> dict[str, Any]:
    """For build/bench.json: with memory and SQLite; with Redis and PostgreSQL unless it must be short."""
    found = {}
    for name, servers in (("embedded", False), ("servers", True))[: 1 if short else 2]:
        spent = measure(count, servers=servers)
        words = ", ".join(f"{program} {value:.2f} ms" for program, value in spent.programs.items())
        say(f"morning punch ({name}, {count} people): {words}; gateway's share {spent.share:.0%}")
        found[name] = {
            "milliseconds": {program: round(value, 3) for program, value in spent.programs.items()},
            "gateway_share": round(spent.share, 3),
            "steps": {
                step: {program: round(value, 3) for program, value in programs.items()}
                for step, programs in spent.milliseconds.items()
            },
            "counted": {what: round(value, 2) for what, value in spent.counted.items()},
            "journeys": count,
        }
    return found


def main() -> None:
    """By hand: python -m bench.journeys [COUNT]."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    for name, found in measured(count, print, short=False).items():
        for step, programs in found["steps"].items():
            print(f"  {name}: {step}: " + ", ".join(f"{program} {value:.2f}" for program, value in programs.items()))
        for what, value in found["counted"].items():
            print(f"  {name}: {what}: {value:.2f}")


if __name__ == "__main__":
    main()
