"""More requests than it can carry: who is served, how soon, and what the others get: python -m bench.crowd.

Thousands of browsers ask at a constant rate, answered or not: half of what it carries, all of it, two and three times.
"""

from __future__ import annotations

import sys
from typing import Any

from bench import load, report
from bench.app import App
from bench.gateway import Gateway
from bench.load import SMALL_PAGE
from bench.pace import Pace, paced
from bench.processes import Missing, Spoiled, cores

BROWSERS = 10_000
SECONDS, WARM = 12.0, 4.0
TIMES = (0.5, 1.0, 2.0, 3.0)
_BUSY = 503
_PEOPLE = 32


def measured(seconds: float = SECONDS) -> dict[str, Any]:
    """For build/bench.json. Raises Spoiled."""
    ours, others = cores()
    with App(others) as app, Gateway(app.port, ours) as gateway:
        file = load.written("crowd", gateway.port, SMALL_PAGE, gateway.full_cookies(_PEOPLE))
        load.run(file, gateway.port, SMALL_PAGE, 1, others, check=True)
        capacity = load.run(file, gateway.port, SMALL_PAGE, max(2.0, seconds / 3), others).rate
        found: dict[str, Any] = {"capacity": round(capacity), "browsers": BROWSERS, "times": {}}
        for times in TIMES:
            rate, before = capacity * times, app.answered()
            pace = paced(
                file, gateway.port, rate, seconds, others,
                connections=BROWSERS, warm=min(WARM, seconds / 3), others=frozenset({_BUSY}),
            )  # fmt: skip
            reached = app.answered() - before
            found["times"][f"{times:g}"] = summary(pace, seconds - min(WARM, seconds / 3)) | {"reached_app": reached}
    return found


def summary(pace: Pace, seconds: float) -> dict[str, float]:
    """What came back in that time, by the second and in milliseconds."""
    found: dict[str, float] = {"generator_late_p99_ms": round(pace.late * 1e3, 2)}
    for status, name in ((200, "served"), (_BUSY, "turned_away")):
        one = pace.answers.get(status)
        found[f"{name}_per_second"] = round(one.count / seconds) if one else 0
        if one:
            found |= {f"{name}_p50_ms": round(one.p50 * 1e3, 1), f"{name}_p99_ms": round(one.p99 * 1e3, 1)}
    return found


def lines(found: dict[str, Any]) -> list[str]:
    """For people."""
    said = [f"it carries {found['capacity']:,} a second; {found['browsers']:,} browsers ask"]
    for times, one in found["times"].items():
        served = f"{one['served_per_second']:,} served a second"
        if one["served_per_second"]:
            served += f" (p50 {one['served_p50_ms']} ms, p99 {one['served_p99_ms']} ms)"
        away = f"{one['turned_away_per_second']:,} turned away"
        if one["turned_away_per_second"]:
            away += f" (p50 {one['turned_away_p50_ms']} ms, p99 {one['turned_away_p99_ms']} ms)"
        said.append(f"  {times} times that: {served}, {away}")
    return said


def main() -> int:
    """0; 1 when an answer was wrong."""
    try:
        found = measured()
    except (Spoiled, Missing) as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    report.write({"crowd": found})
    print("\n".join(lines(found)))
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
