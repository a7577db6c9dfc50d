"""More requests than it can carry: who is served, how soon, and what the others get: python -m bench.crowd.

Thousands of browsers ask at a constant rate, answered or not: half of what it carries, all of it, and twice that. Three
times is more than can even be turned away.
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

BROWSERS = 5_000
SECONDS, WARM = 8.0, 4.0
TIMES = (0.5, 1.0, 2.0)
_TICK = 0.001
_BUSY = 503
_PEOPLE = 32


def measured() -> dict[str, Any]:
    """For build/bench.json. Raises Spoiled."""
    ours, others = cores()
    with App(others) as app, Gateway(app.port, ours) as gateway:
        file = load.written("crowd", gateway.port, SMALL_PAGE, gateway.full_cookies(_PEOPLE))
        load.run(file, gateway.port, SMALL_PAGE, 1, others, check=True)
        capacity = load.run(file, gateway.port, SMALL_PAGE, SECONDS / 2, others).rate
        found: dict[str, Any] = {"capacity": round(capacity), "browsers": BROWSERS, "times": {}}
        for times in TIMES:
            pace = paced(
                file, gateway.port, capacity * times, SECONDS, others,
                connections=BROWSERS, warm=WARM, tick=_TICK, others=frozenset({_BUSY}),
            )  # fmt: skip
            found["times"][f"{times:g}"] = summary(pace, SECONDS)
    return found


def summary(pace: Pace, seconds: float) -> dict[str, float]:
    """What came back in that time: by the second, and in milliseconds from when it was asked for."""
    found: dict[str, float] = {}
    for status, name in ((200, "served"), (_BUSY, "turned_away")):
        one = pace.answers.get(status)
        found[f"{name}_per_second"] = round(one.count / seconds) if one else 0
        if one:
            found |= {f"{name}_p50_ms": round(one.sent_p50 * 1e3, 1), f"{name}_p99_ms": round(one.sent_p99 * 1e3, 1)}
    return found


def lines(found: dict[str, Any]) -> list[str]:
    """For people."""
    said = [f"it carries {found['capacity']:,} a second; {found['browsers']:,} browsers ask, whether or not answered:"]
    for times, one in found["times"].items():
        words = [f"{one['served_per_second']:,} served{_times(one, 'served')}"]
        if one["turned_away_per_second"]:
            words.append(f"{one['turned_away_per_second']:,} turned away{_times(one, 'turned_away')}")
        said.append(f"  {times} times that: {', '.join(words)}")
    return said


def _times(one: dict[str, float], name: str) -> str:
    if not one[f"{name}_per_second"]:
        return ""
    return f" in {one[f'{name}_p50_ms']:.0f} ms (p99 {one[f'{name}_p99_ms']:.0f} ms)"


def main() -> int:
    """0; 1 when an answer was wrong."""
    try:
        found = measured()
    except (Spoiled, Missing) as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    report.write({"crowd": found})
    print("\n".join(lines(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
