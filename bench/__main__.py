"""`make bench`: everything, one table, build/bench.json, docs/bench.svg."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from bench import capacity, channel, crowd, growth, journeys, profile, proxies, records, report
from bench.app import App
from bench.load import CONNECTING, FRESH, LARGE_PAGE, PUNCHING, SMALL_PAGE, UPLOADED
from bench.machine import this_machine, warning
from bench.measure import Contest, Field, Latencies, Table
from bench.processes import Missing, Spoiled, cores
from bench.proxies import Proxy
from bench.stores import redis


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    rounds: int
    seconds: float
    people: int
    latency_rounds: int
    latency_seconds: float
    journeys: int
    idle: int


FULL = Size(rounds=5, seconds=3, people=16, latency_rounds=60, latency_seconds=0.4, journeys=400, idle=10_000)
SHORT = Size(rounds=2, seconds=1, people=4, latency_rounds=8, latency_seconds=0.4, journeys=60, idle=1_000)


def say(line: str = "") -> None:
    """One line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def contest(size: Size, *, short: bool) -> tuple[Table, Latencies]:
    """All proxies side by side."""
    ours, others = cores()
    with ExitStack() as stack:
        app = stack.enter_context(App(others))

        def start(begin: Callable[[int, int], Proxy]) -> Proxy:
            proxy = begin(app.port, ours)
            stack.callback(proxy.stop)
            return proxy

        nginx, haproxy = start(proxies.nginx), start(proxies.haproxy)
        go = [start(proxies.go)] if proxies.has_go() else []
        if not go:
            say("Go is not there: its reverse proxy is left out.")
        sekisho = start(proxies.sekisho(size.people))
        field = Field(app, others, size.seconds, say)
        contests = [
            Contest(SMALL_PAGE, [nginx, sekisho, haproxy, *go]),
            Contest(LARGE_PAGE, [nginx, sekisho, haproxy, *go]),
        ]
        if not short:
            store = stack.enter_context(redis(others))
            with_redis = start(proxies.sekisho(size.people, sessions=store.url, name="sekisho-redis"))
            restricted = start(proxies.sekisho(size.people, restricted=True))
            contests[0] = Contest(SMALL_PAGE, [*contests[0].proxies, with_redis])
            contests += [
                Contest(FRESH, [sekisho]),
                Contest(PUNCHING, [restricted]),
                Contest(UPLOADED, [nginx, sekisho, haproxy, *go]),
                Contest(CONNECTING, [nginx, sekisho, haproxy, *go]),
            ]
        say("processor time for one answer, medians:")
        table = field.hold(contests, size.rounds)
        rates = [table.rate(SMALL_PAGE.name, proxy.name) or 0.0 for proxy in (nginx, sekisho)]
        rate = min(rates) / 2
        latencies = field.latencies([nginx, sekisho], SMALL_PAGE, rate, size.latency_rounds, size.latency_seconds)
    return table, latencies


def main(arguments: list[str] | None = None) -> int:
    """0; 1 when an answer was wrong or a program is missing."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--short", action="store_true", help="under two minutes: fewer rounds, fewer kinds")
    short = parser.parse_args(arguments).short
    size = SHORT if short else FULL
    machine = this_machine()
    if warning(machine):
        say(warning(machine))
    try:
        table, latencies = contest(size, short=short)
        found = report.report(machine, table, latencies, size.rounds, size.seconds)
        found["short"] = short
        report.write(found)  # what comes next may fail; this took minutes
        found["journeys"] = journeys.measured(size.journeys, say, short=short)
        found["profile"] = profile.measured(profile.REQUESTS // 10 if short else profile.REQUESTS)
        say(f"one request inside: {found['profile']['microseconds']['in all']:.1f} µs without kernel and event loop")
        found["growth"] = growth.measured(size.idle, say, quick=short)
        if not short:
            found["crowd"] = crowd.measured()
            say("\n".join(crowd.lines(found["crowd"])))
            found["records"], found["channel"] = records.measured(say), channel.measured(say)
            found["capacity"] = capacity.measured(found, say)
    except (Spoiled, Missing) as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    report.write(found)
    report.PICTURE.write_text(report.picture(found), encoding="utf-8")
    say()
    say(report.plain(report.markdown(found)))
    say(machine.sentence)
    if warning(machine):
        say(warning(machine))
    say(f"written: {report.FILE}, {report.PICTURE}; python -m bench.refresh puts the figures into the documents")
    return 0


if __name__ == "__main__":
    sys.exit(main())
