"""From what one person costs to what so many need: workers, Redis, PostgreSQL, and what gives way first.

    python -m bench.capacity        the table, the simulated morning of each crowd, docs/morning.svg

Arithmetic on build/bench.json; what was not measured yet has a value from the same machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench import picture, report, simulation
from bench.processes import ROOT
from bench.report import Report
from bench.simulation import MINUTES, Minute

CROWDS = (10_000, 1_000_000, 10_000_000)
LARGEST_CELL, SMALLEST_CELL = 500_000, 10_000  # people whom one set of workers, Redis and PostgreSQL serves
CONNECTIONS = 11  # of one worker: eight for requests, two for bulk work, one that reads revisions
SESSION_BYTES = 1_500  # a session in Redis with an ordinary cookie, its owner's list and Redis's own overhead
TARGET = 0.6  # utilisation of the busiest minute: what is left carries a lost machine, and a Monday
LEAST_WORKERS = 2  # one may be replaced while the other serves
PICTURE = ROOT / "docs" / "morning.svg"
LONGEST_TURN = 0.5  # seconds that one may wait for the audit chain's end before people notice
MOST_HEARING = 0.25  # part of a worker that may go into hearing of others' changes
REDIS_CORE = 0.7  # of the one core that a Redis server has
_COUNTED: Mapping[str, float] = {
    "redis commands": 58, "changes told": 5, "redis bytes in": 5_000, "redis bytes out": 5_000,
    "postgresql transactions": 7, "postgresql rows written": 4, "postgresql log bytes": 2_600,
    "bytes received": 11_500, "bytes sent": 8_300,
}  # fmt: skip
_SPENT: Mapping[str, float] = {"gateway": 15.0, "redis": 1.5, "postgresql": 3.0}


@dataclass(frozen=True, slots=True)
class Person:
    """What one person's morning costs. Seconds of processor time; numbers of operations; bytes."""

    gateway: float
    redis: float
    postgresql: float
    counted: Mapping[str, float]
    hearing: float  # a worker's seconds for one told change
    turn: float  # seconds from one worker's audit transaction to the next worker's


@dataclass(frozen=True, slots=True)
class Needs:
    """What a crowd needs in one installation, in its busiest minute."""

    crowd: int
    rate: float  # people a second
    workers: int
    redis_cores: float
    postgresql_cores: float
    commands: float  # Redis, a second
    transactions: float  # PostgreSQL, a second
    rows: float  # written, a second
    connections: int  # to PostgreSQL
    hearing: float  # part of each worker
    told: float  # messages a second that Redis sends to all workers
    chain: float  # seconds until each worker has had its turn at the audit chain
    network: float  # bits a second towards browsers and from apps
    memory: float  # bytes of sessions in Redis


def person(found: Report) -> Person:
    """From build/bench.json."""
    journey: dict[str, Any] = found.get("journeys", {}).get("servers", {})
    spent = {**_SPENT, **journey.get("milliseconds", {})}
    records = found.get("records", {})
    several = records.get("4", {})
    return Person(
        gateway=spent["gateway"] / 1e3,
        redis=spent["redis"] / 1e3,
        postgresql=spent["postgresql"] / 1e3,
        counted={**_COUNTED, **journey.get("counted", {})},
        hearing=found.get("channel", {}).get("worker_us", 15.0) / 1e6,
        turn=several.get("turn_ms", 8.0) / 1e3,
    )


def needs(crowd: int, one: Person) -> Needs:
    """Workers so that TARGET of their time is used, with what they hear of each other; the rest follows."""
    rate = simulation.peak_rate(crowd)
    hearing = rate * one.counted["changes told"] * one.hearing
    left = TARGET - min(hearing, TARGET * 0.9)
    workers = max(LEAST_WORKERS, math.ceil(rate * one.gateway / left))
    return Needs(
        crowd=crowd,
        rate=rate,
        workers=workers,
        redis_cores=rate * one.redis,
        postgresql_cores=rate * one.postgresql,
        commands=rate * one.counted["redis commands"],
        transactions=rate * one.counted["postgresql transactions"],
        rows=rate * one.counted["postgresql rows written"],
        connections=workers * CONNECTIONS,
        hearing=hearing,
        told=rate * one.counted["changes told"] * workers,
        chain=workers * one.turn,
        network=rate * (one.counted["bytes received"] + one.counted["bytes sent"]) * 8 * 2,
        memory=crowd * SESSION_BYTES,
    )


def gives_way(need: Needs) -> list[str]:
    """What no longer holds in one installation, the first to go first: as a multiple of what it may be."""
    loads = {
        "hearing of others' sessions": need.hearing / MOST_HEARING,
        "the audit chain's end": need.chain / LONGEST_TURN,
        "one Redis server": need.redis_cores / REDIS_CORE,
    }
    over = sorted(((load, name) for name, load in loads.items() if load > 1.0), reverse=True)
    return [f"{name} ({load:.1f} × what it may be)" for load, name in over]


def cell_of(one: Person) -> int:
    """How many people a cell may have: halved until nothing that cannot be parted further gives way."""
    size = LARGEST_CELL
    while size > SMALLEST_CELL:
        need = needs(size, one)
        if need.chain <= LONGEST_TURN and need.hearing <= MOST_HEARING:
            break
        size //= 2
    return size


def cells(crowd: int, one: Person) -> int:
    """Into how many installations a crowd is parted."""
    return max(1, math.ceil(crowd / cell_of(one)))


def table(found: Report) -> str:
    """What each crowd needs as one installation, and as cells."""
    one = person(found)
    wholes = [needs(crowd, one) for crowd in CROWDS]
    parts = [needs(min(crowd, cell_of(one)), one) for crowd in CROWDS]
    heads = ["in the busiest minute", *(f"{need.crowd:,} people" for need in wholes)]
    rows = [
        ("people a second", [f"{need.rate:,.0f}" for need in wholes]),
        ("cells", [f"{cells(need.crowd, one)}" for need in wholes]),
        ("people in each cell, at most", [f"{part.crowd:,}" for part in parts]),
        ("workers (cores) in each cell", [f"{part.workers}" for part in parts]),
        (
            "workers in all",
            [f"{part.workers * cells(need.crowd, one):,}" for part, need in zip(parts, wholes, strict=True)],
        ),
        ("Redis of a cell: commands a second", [f"{part.commands:,.0f}" for part in parts]),
        ("Redis of a cell: cores", [f"{part.redis_cores:.2f}" for part in parts]),
        ("Redis of a cell: primaries", [f"{math.ceil(part.redis_cores / REDIS_CORE)}" for part in parts]),
        ("Redis of a cell: memory", [_bytes(part.memory) for part in parts]),
        ("PostgreSQL of a cell: transactions a second", [f"{part.transactions:,.0f}" for part in parts]),
        ("PostgreSQL of a cell: rows written a second", [f"{part.rows:,.0f}" for part in parts]),
        ("PostgreSQL of a cell: cores", [f"{part.postgresql_cores:.1f}" for part in parts]),
        ("PostgreSQL of a cell: connections", [f"{part.connections:,}" for part in parts]),
        ("a worker's time for others' changes", [f"{part.hearing:.1%}" for part in parts]),
        ("waiting for the audit chain's end", [f"{part.chain * 1e3:,.0f} ms" for part in parts]),
        ("network of a cell, both sides", [f"{part.network / 1e6:,.0f} Mbit/s" for part in parts]),
        ("as one installation, what gives way", ["; ".join(gives_way(need)) or "nothing" for need in wholes]),
    ]
    lines = [f"| {' | '.join(heads)} |", "|---|" + "---:|" * len(wholes)]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(cells_)} |" for name, cells_ in rows)])


def simulated(crowd: int, found: Report) -> tuple[Needs, list[Minute]]:
    """The morning of one cell of this crowd. What workers spend on hearing of each other makes their work longer."""
    one = person(found)
    need = needs(min(crowd, cell_of(one)), one)
    times = [seconds / (1 - need.hearing) for seconds in simulation.services(found)]
    return need, simulation.simulate(need.crowd, need.workers, times)


def measured(found: Report, say: Callable[[str], None]) -> dict[str, Any]:
    """All crowds for build/bench.json, and the picture of the largest."""
    results = {}
    for crowd in CROWDS:
        need, minutes = simulated(crowd, found)
        results[str(crowd)] = {
            "cells": cells(crowd, person(found)),
            "workers_each": need.workers,
            "peak_people_per_second": round(max(one.rate for one in minutes), 1),
            "peak_utilisation": round(max(one.utilisation for one in minutes) + need.hearing, 3),
            "wait_p50_ms": round(max(one.p50 for one in minutes) * 1e3, 2),
            "wait_p99_ms": round(max(one.p99 for one in minutes) * 1e3, 1),
        }
        say(
            f"{crowd:,} people: {results[str(crowd)]['cells']} cells of {need.workers} workers, "
            f"{need.rate:,.0f} a second in each, p99 wait {results[str(crowd)]['wait_p99_ms']} ms"
        )
        PICTURE.write_text(morning(need, minutes, simulation.services(found)), encoding="utf-8")
    return results


def morning(need: Needs, minutes: Sequence[Minute], services: Sequence[float]) -> str:
    """The curve: people a second, and dashed what the workers can do."""
    labels = [f"8:{30 + n}" if n < MINUTES else f"9:{n - MINUTES:02}" for n in range(len(minutes))]
    most = need.workers * (1 - need.hearing) / sum(services)
    title = f"{need.crowd:,} people clock in at one cell; dashed: what its {need.workers} workers can do"
    rates = [round(one.rate) for one in minutes]
    return picture.curve(title, "people a second", rates, labels, [round(most)] * len(minutes))


def _bytes(size: float) -> str:
    return f"{size / 2**30:,.1f} GiB" if size >= 2**30 else f"{size / 2**20:,.0f} MiB"


def main() -> None:
    """See the module."""
    found = report.read() if report.FILE.exists() else {}
    print(report.plain(table(found)))
    measured(found, print)


if __name__ == "__main__":
    main()
