"""How many audit records a registry takes: workers that all append to one chain. python -m bench.records

Each worker collects what waits and writes it in one transaction, which holds the chain's end until it is on the disk.
So with many workers the chain passes from hand to hand: records a second grow with what each brings, and what grows
with the number of workers is how long one waits for its turn.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from bench import stores
from bench.processes import Process, Spoiled, cores
from gateway.stores.base_audit import AuditEvent
from gateway.stores.registry import SqlRegistry, migrate
from gateway.stores.sealing import KeyRing

WORKERS = (1, 4, 16)
_WAITING = 20  # events that wait in each worker: what arrives during a turn of all the others
_SECONDS = 4.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What so many workers wrote. Times in seconds: `turn` from one worker's transaction to the next one's, `wait` from
    an event to its being kept, at p99."""

    workers: int
    records: float
    turn: float
    wait: float
    server: float  # processor seconds of PostgreSQL for one record


async def _write(url: str, keys: Path, seconds: float) -> dict[str, Any]:
    """One worker."""
    registry = SqlRegistry(url, KeyRing.from_file(keys))
    await registry.start()
    waits: list[float] = []
    until = time.perf_counter() + seconds

    async def one(number: int) -> None:
        while (begun := time.perf_counter()) < until:
            event = AuditEvent(
                1.8e9, "auth:sign-in:accepted", f"{number:012}", "B00000101", "B00000101", "0001", "000001",
                "192.0.2.1", (("rule", "pc"), ("app", "portal")),
            )  # fmt: skip
            await registry.record(event)
            waits.append(time.perf_counter() - begun)

    async with asyncio.TaskGroup() as group:
        for number in range(_WAITING):
            group.create_task(one(number))
    await registry.close()
    waits.sort()
    return {"records": len(waits), "wait": waits[int(len(waits) * 0.99)]}


def written(url: str, server: Process, keys: Path, workers: int) -> Written:
    """Measure so many. Raises Spoiled."""
    counters, spent = stores.Counters("", url), server.cpu_seconds()
    command = [sys.executable, "-m", "bench.records", "write", url, str(keys), str(_SECONDS)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(workers)
    ]
    ended = [one.communicate(timeout=_SECONDS + 120) for one in running]
    if any(one.returncode for one in running):
        raise Spoiled(f"records could not be written: {ended[0][1][-500:]}")
    spent = server.cpu_seconds() - spent
    found = [json.loads(out) for out, _ in ended]
    records = sum(one["records"] for one in found)
    transactions = counters.since()["postgresql transactions"]
    return Written(
        workers,
        records / _SECONDS,
        _SECONDS / max(1.0, transactions),
        max(one["wait"] for one in found),
        spent / records,
    )


def measured(say: Say) -> dict[str, Any]:
    """For build/bench.json."""
    found: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory(prefix="sekisho-bench-records-") as folder,
        stores.postgresql(cores()[1]) as server,
    ):
        keys = Path(folder) / "keys"
        KeyRing.generate_file(keys)
        asyncio.run(migrate(server.url))
        for workers in WORKERS:
            one = written(server.url, server.process, keys, workers)
            say(
                f"audit records, {workers} workers: {one.records:,.0f} a second, a turn {one.turn * 1e3:.2f} ms, "
                f"p99 {one.wait * 1e3:.0f} ms, PostgreSQL {one.server * 1e6:.0f} µs each"
            )
            found[str(workers)] = {
                "records_per_second": round(one.records),
                "turn_ms": round(one.turn * 1e3, 3),
                "wait_p99_ms": round(one.wait * 1e3, 1),
                "postgresql_us": round(one.server * 1e6, 1),
            }
    return found


def main() -> None:
    """See the module."""
    if sys.argv[1:2] == ["write"]:
        print(json.dumps(uvloop.run(_write(sys.argv[2], Path(sys.argv[3]), float(sys.argv[4])))))
    else:
        measured(print)


if __name__ == "__main__":
    main()
