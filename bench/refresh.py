"""Puts the figures of build/bench.json into the documents: python -m bench.refresh (make bench does not).

A document says where with two comments, `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`; what stands between them is
written anew, everything else stays.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench import capacity, report
from bench.growth import LIMIT_BYTES, LIMIT_RATIO
from bench.machine import Machine, warning
from bench.processes import ROOT, Spoiled
from bench.report import Report

DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "benchmark.md", ROOT / "deploy" / "capacity.md")
_BLOCK = re.compile(r"(<!-- bench:([a-z-]+) -->\n).*?(<!-- /bench:\2 -->)", re.DOTALL)
_PROGRAMS = (("gateway", "**gateway in all**"), ("apps", "apps"), ("redis", "Redis"), ("postgresql", "PostgreSQL"))
_LAST = ("the rest", "everything smaller", "in all")
_NOTHING = "(not measured yet: `make bench`)"


def _table(found: Report) -> str:
    return f"{report.markdown(found)}\n\n{_machine(found)}"


def _machine(found: Report) -> str:
    said = {name: value for name, value in found["machine"].items() if name != "quiet"}
    machine = Machine(**said)
    warned = f" **{warning(machine)}**" if warning(machine) else ""
    return f"Measured on {machine.sentence}.{warned}"


def _journeys(found: Report) -> str:
    kinds = {"embedded": "memory, SQLite", "servers": "Redis, PostgreSQL"}
    shown = {kind: title for kind, title in kinds.items() if kind in found["journeys"]}
    heads = ["gateway's milliseconds for one person", *shown.values()]
    steps = next(iter(found["journeys"].values()))["steps"]
    rows = [[step, *(f"{found['journeys'][kind]['steps'][step]['gateway']:.2f}" for kind in shown)] for step in steps]
    for name, title in (
        ("gateway", "**gateway in all**"),
        ("apps", "apps"),
        ("redis", "Redis"),
        ("postgresql", "PostgreSQL"),
    ):
        spent = [found["journeys"][kind]["milliseconds"].get(name) for kind in shown]
        rows.append([title, *("" if value is None else f"{value:.2f}" for value in spent)])
    rows.append(["gateway's share", *(f"{found['journeys'][kind]['gateway_share']:.0%}" for kind in shown)])
    return _markdown(heads, rows)


def _counted(found: Report) -> str:
    counted = found["journeys"]["servers"]["counted"]
    return _markdown(["for one person", ""], [[name, f"{value:,.1f}"] for name, value in counted.items()])


def _growth(found: Report) -> str:
    rows = []
    for name, title in (
        ("routes", "decision, routes, every address new"),
        ("routes_remembered", "decision, routes, addresses of every day"),
        ("tenants", "decision, tenants"),
    ):
        one = found["growth"]["decisions"][name]
        sizes = ", ".join(f"{int(size):,}: {value:.1f} µs" for size, value in one["microseconds"].items())
        rows.append([title, sizes, f"{one['ratio']:.2f} × (at most {LIMIT_RATIO})"])
    idle = found["growth"]["idle_connections"]
    limit = f"{idle['bytes_each'] / 1024:.1f} KiB (at most {LIMIT_BYTES // 1024})"
    rows.append(["idle keep-alive connection", f"{idle['count']:,} open, each has carried a request", limit])
    if "soak" in found:
        soak = found["soak"]
        sizes = f"{soak['begin_mib']} MiB, {soak['middle_mib']} in the middle, {soak['end_mib']} at the end"
        rows.append([f"{soak['minutes']:g} minutes of mixed traffic", sizes, "flat" if soak["flat"] else "not flat"])
    return _markdown(["what grows", "measured", "growth"], rows)


def _profile(found: Report) -> str:
    usual, new = found["profile"]["microseconds"], found["profile"]["new_address_microseconds"]
    stages = [*(stage for stage in (*usual, *new) if stage not in _LAST), *_LAST]
    rows = [
        [stage, *(f"{one[stage]:.1f}" if stage in one else "" for one in (usual, new))]
        for stage in dict.fromkeys(stages)
    ]
    return _markdown(["stage of one authenticated GET, µs", "like those before", "a path for the first time"], rows)


def _records(found: Report) -> str:
    heads = ["workers that write", "records a second", "a turn", "p99 until kept", "PostgreSQL for each"]
    rows = [
        [count, f"{one['records_per_second']:,}", f"{one['turn_ms']:.1f} ms", f"{one['wait_p99_ms']:.0f} ms",
         f"{one['postgresql_us']:.0f} µs"]
        for count, one in found["records"].items()
    ]  # fmt: skip
    return _markdown(heads, rows)


def _channel(found: Report) -> str:
    one = found["channel"]
    return f"One told change costs each worker {one['worker_us']} µs and Redis {one['redis_us']} µs for each worker."


def _crowd(found: Report) -> str:
    crowd = found["crowd"]
    carried = f"of the {crowd['capacity']:,} a second that it carries, asked for by {crowd['browsers']:,} browsers"
    heads = [carried, "served", "half in, 99 % in", "503", "half in, 99 % in"]
    rows = []
    for times, one in crowd["times"].items():
        row = [f"{times} times"]
        for name in ("served", "turned_away"):
            row.append(f"{one[f'{name}_per_second']:,}")
            within = [one.get(f"{name}_{share}_ms") for share in ("p50", "p99")]
            row.append(", ".join(f"{value:,.0f} ms" for value in within if value is not None))
        rows.append(row)
    return _markdown(heads, rows)


def _simulated(found: Report) -> str:
    heads = ["people", "cells", "workers in each", "people a second in each", "busy", "p50 wait", "p99 wait"]
    rows = [
        [f"{int(crowd):,}", str(one["cells"]), str(one["workers_each"]), f"{one['peak_people_per_second']:,.0f}",
         f"{one['peak_utilisation']:.0%}", f"{one['wait_p50_ms']:.1f} ms", f"{one['wait_p99_ms']:.0f} ms"]
        for crowd, one in found["capacity"].items()
    ]  # fmt: skip
    return _markdown(heads, rows)


BLOCKS: Mapping[str, Callable[[Report], str]] = {
    "table": _table,
    "machine": _machine,
    "journeys": _journeys,
    "counted": _counted,
    "growth": _growth,
    "profile": _profile,
    "records": _records,
    "channel": _channel,
    "crowd": _crowd,
    "simulated": _simulated,
    "capacity": capacity.table,
}


def refreshed(text: str, found: Report) -> str:
    """The document with every block written anew. Raises KeyError for a block that nobody knows."""

    def block(match: re.Match[str]) -> str:
        make = BLOCKS[match[2]]
        try:
            made = make(found)
        except (KeyError, StopIteration):
            made = _NOTHING
        return f"{match[1]}{made}\n{match[3]}"

    return _BLOCK.sub(block, text)


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = "|---|" + "---:|" * (len(heads) - 1)
    return "\n".join([f"| {' | '.join(heads)} |", rule, *(f"| {' | '.join(row)} |" for row in rows)])


def main(documents: Sequence[Path] = DOCUMENTS) -> int:
    """0; 1 when nothing was measured."""
    try:
        found = report.read()
    except Spoiled as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    for document in documents:
        text = document.read_text(encoding="utf-8")
        document.write_text(refreshed(text, found), encoding="utf-8")
        print(f"written anew: {document.relative_to(ROOT)}")
    report.PICTURE.write_text(report.picture(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
