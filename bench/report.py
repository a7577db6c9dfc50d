"""What a run found, as JSON for machines and as a table for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.load import CONNECTING, FRESH, LARGE_PAGE, PUNCHING, SMALL_PAGE, UPLOADED, Kind
from bench.machine import Machine
from bench.measure import Latencies, Table
from bench.picture import Figure, bars
from bench.processes import ROOT, Spoiled

FILE = ROOT / "build" / "bench.json"
PICTURE = ROOT / "docs" / "bench.svg"
OURS = "sekisho"
TITLES = {"nginx": "nginx", "haproxy": "HAProxy", OURS: "Sekisho", "sekisho-redis": "Sekisho, Redis", "go": "Go"}
KEYS: Mapping[Kind, str] = {
    SMALL_PAGE: "cpu_per_request_1k",
    LARGE_PAGE: "cpu_per_request_32k",
    UPLOADED: "cpu_per_upload_32k",
    CONNECTING: "cpu_per_connection",
}
OWN_KEYS: Mapping[Kind, str] = {**KEYS, PUNCHING: "cpu_per_restricted_request_1k", FRESH: "cpu_per_new_address_1k"}
NAMES: Mapping[Kind, str] = {
    SMALL_PAGE: "page of 1 KiB",
    LARGE_PAGE: "page of 32 KiB",
    UPLOADED: "upload of 32 KiB",
    CONNECTING: "1 KiB, a connection each",
    PUNCHING: "1 KiB, restricted session",
    FRESH: "1 KiB, no address twice",
}
Report = dict[str, Any]


def report(machine: Machine, table: Table, latencies: Latencies | None, rounds: int, seconds: float) -> Report:
    """The whole of build/bench.json but for what other measurements add."""
    proxies = sorted({proxy for _, proxy in table.samples})
    return {
        "machine": {**asdict(machine), "quiet": machine.quiet},
        "runs": {"rounds": rounds, "seconds": seconds},
        "ratios": {other: _ratios(table, other) for other in proxies if other in ("nginx", "haproxy", "go")},
        "microseconds": {proxy: _each(table.microseconds, proxy) for proxy in proxies},
        "requests_per_second": {proxy: _each(table.rate, proxy) for proxy in proxies},
        "latency": _latency(latencies) if latencies else {},
    }


def _ratios(table: Table, other: str) -> dict[str, float]:
    found = {key: table.ratio(kind.name, OURS, other) for kind, key in KEYS.items()}
    return {key: round(value, 3) for key, value in found.items() if value is not None}


def _each(value: Any, proxy: str) -> dict[str, float]:  # noqa: ANN401 - a bound method of Table
    found = {key: value(kind.name, proxy) for kind, key in OWN_KEYS.items()}
    return {key: round(one, 1) for key, one in found.items() if one is not None}


def _latency(latencies: Latencies) -> Report:
    return {
        "rate": round(latencies.rate),
        "p50_ms": {proxy: round(latencies.p50(proxy) * 1e3, 3) for proxy in latencies.rounds},
        "p99_ms": {proxy: round(latencies.p99(proxy) * 1e3, 3) for proxy in latencies.rounds},
        "p99_over_nginx_ms": round(latencies.over(OURS, "nginx") * 1e3, 3),
        "generator_late_p99_ms": round(latencies.late * 1e3, 3),
        "rounds": len(latencies.stolen),
        "rounds_counted": len(latencies.counted),
        "stolen_ms_a_round": round(latencies.disturbed * 1e3, 1),
    }


def write(found: Report, file: Path = FILE) -> None:
    """Keep what other measurements have written before."""
    before = read(file) if file.exists() else {}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({**before, **found}, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def read(file: Path = FILE) -> Report:
    """What was measured last. Raises Spoiled when nothing was."""
    if not file.exists():
        raise Spoiled(f"{file} is not there: make bench")
    found: Report = json.loads(file.read_text(encoding="utf-8"))
    return found


def markdown(found: Report) -> str:
    """The table of medians and ratios."""
    spent, rates = found["microseconds"], found["requests_per_second"]
    others = [name for name in ("nginx", "haproxy", "go") if name in spent]
    head = ["processor time each", *(TITLES[name] for name in (*others, OURS))]
    head += [f"Sekisho / {TITLES[name]}" for name in others]
    lines = [_row(head), _row(["---"] + ["---:"] * (len(head) - 1))]
    for kind, key in OWN_KEYS.items():
        ours = spent[OURS].get(key)
        if ours is None:
            continue
        cells = [NAMES[kind], *(_microseconds(spent[name].get(key)) for name in (*others, OURS))]
        cells += [_times(found["ratios"][name].get(key)) for name in others]
        lines.append(_row(cells))
    redis = spent.get("sekisho-redis", {}).get("cpu_per_request_1k")
    if redis is not None:
        blanks = [""] * len(others)
        lines.append(_row(["1 KiB, sessions in Redis", *blanks, _microseconds(redis), *blanks]))
    lines += _rate_lines(rates, others)
    return "\n".join([*lines, *_latency_line(found["latency"], others)])


def _rate_lines(rates: Report, others: list[str]) -> list[str]:
    cells = ["1 KiB pages a second, one core"]
    cells += [f"{rates[name]['cpu_per_request_1k']:,.0f}" for name in (*others, OURS)]
    return [_row([*cells, *([""] * len(others))])]


def _latency_line(latency: Report, others: list[str]) -> list[str]:
    if not latency:
        return []
    p99 = latency["p99_ms"]
    cells = [f"p99 at {latency['rate']:,} a second"]
    cells += [f"{p99[name]:.2f} ms" if name in p99 else "" for name in (*others, OURS)]
    # As the ratios: the median of the rounds' own differences.
    cells += [f"{latency['p99_over_nginx_ms']:+.2f} ms" if name == "nginx" else "" for name in others]
    return [_row(cells)]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _microseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} µs"


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} ×"


def plain(text: str) -> str:
    """A Markdown table for a terminal: columns of one width, no bars."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if "---" not in line]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) if not number else cell.rjust(width)
                  for number, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in rows
    )  # fmt: skip


def picture(found: Report) -> str:
    """The chart of the README."""
    groups = []
    for key, name in (("cpu_per_request_1k", "pages of 1 KiB"), ("cpu_per_request_32k", "pages of 32 KiB")):
        order = [one for one in ("nginx", "haproxy", OURS, "go") if key in found["microseconds"].get(one, {})]
        groups.append((name, [Figure(TITLES[one], found["microseconds"][one][key], one == OURS) for one in order]))
    return bars("Processor time for one request, one core, 32 connections kept open", "µs", groups)
