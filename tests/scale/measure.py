"""How long the office's pages wait for the registry at full size. Run by hand:

    .venv/bin/python -m tests.scale.measure [sqlite] [postgresql] [--only TEXT]

Each line: the least, the median and the most of some runs in milliseconds; the processor time of one run (a server's
too), which a busy machine does not change much; and the longest that the event loop did not come round, which is how
long every other request waited.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count, islice
from pathlib import Path

from gateway.core.errors import StoreUnavailable
from gateway.core.policy import TenantSettings
from gateway.core.subject import Feature
from gateway.stores.base_audit import ReadinessRules
from gateway.stores.base_people import FactorState, PeopleQuery
from gateway.stores.base_tenants import Changed, EstablishmentQuery, PersonLine, Selection, Stamp
from gateway.stores.registry import SqlRegistry, migrate
from gateway.stores.sealing import KeyRing
from tests.scale.fill import NOW, OFFICE, Size, fill_postgresql, fill_sqlite, person, roster
from tests.servers import Server, postgresql_server

OFF, ON = TenantSettings(), TenantSettings(True, frozenset({Feature.PAYSLIP_OWN}))
ALL = EstablishmentQuery(OFFICE)
WHO = Stamp("A00000001", NOW, "192.0.2.1", "scale")
EVERYBODY = PeopleQuery(OFFICE)
_TICK_SECONDS = 0.005
_PAUSE_SECONDS = 2.0


def say(line: str) -> None:
    """One line of the table, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


Ask = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Loop:
    """How long the loop did not come round."""

    longest: float = 0.0
    last: float = field(default_factory=time.perf_counter)

    async def watch(self) -> None:
        """Look at the clock all the time."""
        while True:
            now = time.perf_counter()
            self.longest = max(self.longest, now - self.last - _TICK_SECONDS)
            self.last = now
            await asyncio.sleep(_TICK_SECONDS)


class Table:
    """Measures and prints line by line."""

    def __init__(self, only: str, processor: Callable[[], float]) -> None:
        """`processor`: the seconds that this process and the server have used."""
        self._only = only
        self._processor = processor
        self._loop = Loop()
        self._watching = asyncio.create_task(self._loop.watch())

    async def line(self, name: str, ask: Ask, times: int = 7) -> None:
        """Ask so many times (after once to warm up, if more than once) and print."""
        if self._only not in name:
            return
        try:
            await self._line(name, ask, times)
        except StoreUnavailable as refused:  # the product's own limits, on a machine that does much else
            say(f"| {name} | {refused} | | | | |")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _line(self, name: str, ask: Ask, times: int) -> None:
        if times > 1:
            await ask()
        taken = []
        spent = self._processor()
        await asyncio.sleep(_TICK_SECONDS * 2)
        self._loop.longest = 0.0
        for _ in range(times):
            began = time.perf_counter()
            await ask()
            taken.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(_TICK_SECONDS * 2)
        held = self._loop.longest * 1000
        spent = (self._processor() - spent) * 1000 / times
        figures = (min(taken), statistics.median(taken), max(taken), spent, held)
        say(f"| {name} | " + " | ".join(f"{figure:,.1f}" for figure in figures) + " |")

    def end(self) -> None:
        """Stop watching the loop."""
        self._watching.cancel()


async def measure(registry: SqlRegistry, size: Size, only: str, processor: Callable[[], float]) -> None:
    """Print the table of one database."""
    say("| what, in milliseconds | least | median | most | processor | loop held |\n|---|---|---|---|---|---|")
    table = Table(only, processor)
    await _searches(registry, size, table)
    await _changes(registry, size, table)
    await _people(registry, size, table)
    await _rosters(registry, size, table)
    table.end()


async def _searches(registry: SqlRegistry, size: Size, table: Table) -> None:
    def page(query: EstablishmentQuery, offset: int = 0) -> Ask:
        return lambda: registry.find_establishments(query, OFF, offset, 10)

    deep = size.establishments - 10
    await table.line("establishments: all, first page", page(ALL))
    await table.line("establishments: all, last page", page(ALL, deep))
    await table.line("part of the name, many found", page(replace(ALL, name="山田")))
    await table.line(
        "part of the name, many found, deep page", page(replace(ALL, name="山田"), size.establishments // 25)
    )
    await table.line("part of the name, few found", page(replace(ALL, name="(株) 髙橋ｸﾘﾆｯｸ12")))
    await table.line("kana in half width", page(replace(ALL, kana="ﾔﾏﾀﾞｼｮｳﾃﾝ")))
    middle = size.establishments // 2
    await table.line("code range of 1,000", page(replace(ALL, code_from=f"{middle:06}", code_to=f"{middle + 999:06}")))
    await table.line("state: uses it, first page", page(replace(ALL, uses=True)))
    await table.line("state: does not, first page", page(replace(ALL, uses=False)))
    await table.line("state: does not, deep page", page(replace(ALL, uses=False), size.establishments // 2))
    await table.line("name, kana and state", page(replace(ALL, name="山田", kana="やまだ", uses=True)))
    await table.line("one establishment", lambda: registry.establishment_row(OFFICE, f"{middle:06}", OFF))
    small = EstablishmentQuery("000500")
    await table.line("an office of 100: name and state", page(replace(small, name="山田", uses=False)))


async def _changes(registry: SqlRegistry, size: Size, table: Table) -> None:
    first = size.establishments // 5
    last = first + size.establishments // 20 - 1
    many = Selection(OFFICE, everything=replace(ALL, code_from=f"{first:06}", code_to=f"{last:06}"))
    everything = Selection(OFFICE, everything=ALL)
    await table.line("preview of a change of 5,000", lambda: registry.impact(many, OFF))
    await table.line("preview of a change of all", lambda: registry.impact(everything, OFF), 3)
    for name, selection, times in (("5,000", many, 3), ("all", everything, 1)):
        change = _Change(registry, selection)
        for _ in range(times):
            with contextlib.suppress(StoreUnavailable):
                await change.look()
            await table.line(f"change of {name}", change.make, 1)
            await table.line(f"undo of {name}", change.undo, 1)

    async def export() -> int:
        return sum([len(rows) async for rows in registry.every_establishment(everything, OFF)])

    await table.line("export walk of all", export, 3)


@dataclass(slots=True)
class _Change:
    """One change with its undo."""

    registry: SqlRegistry
    selection: Selection
    digest: str = ""
    made: str = ""

    async def look(self) -> None:
        """The preview."""
        self.digest = (await self.registry.impact(self.selection, OFF)).digest

    async def make(self) -> None:
        """The change."""
        changed = await self.registry.change_selected(self.selection, ON, OFF, self.digest, WHO)
        if not isinstance(changed, Changed) or not changed.count:
            raise StoreUnavailable("scale", f"nothing was changed: {changed}")
        self.made = changed.change

    async def undo(self) -> None:
        """And back."""
        if await self.registry.undo_change(OFFICE, self.made, WHO) is None:
            raise StoreUnavailable("scale", "nothing was undone")


async def _people(registry: SqlRegistry, size: Size, table: Table) -> None:
    def page(query: PeopleQuery, offset: int = 0) -> Ask:
        return lambda: registry.find_people(query, NOW, offset, 10)

    here = replace(EVERYBODY, establishment=f"{size.establishments // 2:06}")
    await table.line("people: one establishment", page(here))
    await table.line("people: one establishment, name", page(replace(here, text="佐藤")))
    await table.line("people: the office, first page", page(EVERYBODY))
    await table.line("people: the office, last page", page(EVERYBODY, size.people - 10))
    await table.line("people: the office, name, many found", page(replace(EVERYBODY, text="佐藤 花子")))
    await table.line("people: the office, login ID", page(replace(EVERYBODY, text="B000123456")))
    for state in FactorState:
        await table.line(f"people: the office, state {state}", page(replace(EVERYBODY, state=state)))
        await table.line(f"people: one establishment, state {state}", page(replace(here, state=state)))
    await table.line(
        "people: the office, enrolled in the last hour", page(replace(EVERYBODY, enrolled_since=NOW - 3600))
    )
    await table.line("one person", lambda: registry.person_row("B000123456", NOW))
    codes = [f"{number:06}" for number in range(size.establishments // 20)]
    await table.line("login IDs of 5,000 establishments", lambda: registry.login_ids(OFFICE, codes), 3)
    rules = ReadinessRules(NOW, True, False, False, False, False)
    await table.line("readiness of all offices", lambda: registry.readiness(rules), 1)


async def _rosters(registry: SqlRegistry, size: Size, table: Table) -> None:
    def persons() -> Iterator[PersonLine]:
        return (person(number, size) for number in range(size.people))

    line = person(123, size)
    await table.line("a sign-in that is noted already", lambda: registry.note_people([(line, NOW)]))
    news = count()

    def newcomers(number: int) -> list[tuple[PersonLine, float]]:
        numbers = islice(news, number)
        return [(replace(line, login_id=f"C{one}", establishment=f"new {one}"), NOW) for one in numbers]

    await table.line("a sign-in of somebody new", lambda: registry.note_people(newcomers(1)))
    await table.line("sign-ins of a hundred new people", lambda: registry.note_people(newcomers(100)))
    ten = [person(number * size.establishments + 7, size) for number in range(10)]
    await table.line(
        "people of one establishment, read again", lambda: registry.replace_people(OFFICE, "000007", ten, NOW)
    )
    everybody = "configuration with everybody, little changed"
    await table.line(everybody, lambda: registry.replace_configured("1", roster(size), [], persons()), 1)
    await table.line("configuration, as it was noted", lambda: registry.replace_configured("1", [], [], []), 1)


def processor_of(server: Server | None) -> Callable[[], float]:
    """Processor time of this process and of a server with its children, in seconds."""
    if server is None or server._process is None:
        return time.process_time
    parent, ticks = server._process.pid, os.sysconf("SC_CLK_TCK")

    def used() -> float:
        total = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                if parent == int(stat.parent.name):
                    total += sum(map(int, fields[11:15]))  # with the children that ended
                elif parent == int(fields[1]):
                    total += sum(map(int, fields[11:13]))
        return total / ticks + time.process_time()

    return used


@contextlib.asynccontextmanager
async def filled(kind: str, size: Size) -> AsyncIterator[tuple[SqlRegistry, Callable[[], float]]]:
    """A registry of this kind with everything in it; and the processor time that it takes."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sekisho-scale-")))
        server = stack.enter_context(postgresql_server()) if kind == "postgresql" else None
        url = f"sqlite:///{folder}/registry.db"
        if server is not None:
            url = f"postgresql://postgres@127.0.0.1:{server.port}/postgres"
        await migrate(url)
        began = time.perf_counter()
        if server is None:
            fill_sqlite(folder / "registry.db", size)
        else:
            await fill_postgresql(url, size)
        say(f"\n{kind}: {size}, filled in {time.perf_counter() - began:.0f} s\n")
        registry = SqlRegistry(url, KeyRing([b"k" * 32]))
        await registry.start()
        yield registry, processor_of(server)
        await registry.close()


async def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--establishments", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--only", default="", help="lines with this in their name")
    asked = parser.parse_args()
    size = Size(asked.establishments, asked.people)
    for kind in asked.kind:
        async with filled(kind, size) as (registry, processor):
            await measure(registry, size, asked.only, processor)


if __name__ == "__main__":
    asyncio.run(main())
