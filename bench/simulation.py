"""Everybody clocks in between 8:30 and 9:00: workers as queues, from measured service times.

    arrivals ──► a worker by chance (SO_REUSEPORT) ──► one queue, one request at a time ──► think ──► the next step

Assumed, and easy to change: a quarter of the people come evenly over the half hour, the others around 8:57 with a
standard deviation of three minutes, cut off at 9:00; so one in eight comes in the busiest minute. Between two pages
they think for three seconds on average. Service times are the gateway's processor time by step, as `bench.journeys`
measured it with Redis and PostgreSQL, varied with a coefficient of variation of a half. Workers share nothing but the
stores, so a few of them stand for all: the people whom these few get are simulated one by one, from one seed.
"""

from __future__ import annotations

import heapq
import math
import random  # noqa: TID251 - a seeded simulation, repeatable by its seed
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.report import Report

MINUTES = 30
EVEN_SHARE, PEAK_MINUTE, SPREAD_MINUTES = 0.25, 27.0, 3.0
THINK_SECONDS = 3.0
VARIATION = 0.5
SAMPLE = 3  # workers that are simulated
SEED = 859
# Milliseconds of the gateway by step, where nothing was measured yet.
DEFAULTS: Mapping[str, float] = {
    "sign-in page": 0.6, "sign-in": 3.0, "choice page": 2.0, "choice": 3.0, "held answer": 1.2,
    "menu, icons taken out": 1.2, "punch page": 0.4, "punch": 0.4, "punch page again": 0.3, "sign-out": 0.6,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of all workers together. `rate`: people a second; times in seconds."""

    rate: float
    utilisation: float
    p50: float
    p99: float


def share(minute: int) -> float:
    """Which part of the crowd arrives in this minute after 8:30."""
    whole = _normal(MINUTES) - _normal(0)
    return EVEN_SHARE / MINUTES + (1 - EVEN_SHARE) * (_normal(minute + 1) - _normal(minute)) / whole


def _normal(minute: float) -> float:
    return 0.5 * (1 + math.erf((minute - PEAK_MINUTE) / SPREAD_MINUTES / math.sqrt(2)))


def peak_rate(crowd: int) -> float:
    """People a second in the busiest minute."""
    return crowd * max(share(minute) for minute in range(MINUTES)) / 60


def simulate(crowd: int, workers: int, services: Sequence[float], *, seed: int = SEED) -> list[Minute]:
    """Minute by minute, until ten minutes after the last arrival. Waiting is the time before a worker begins."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    sample = min(SAMPLE, workers)
    spread = math.sqrt(math.log(1 + VARIATION**2))
    minutes = MINUTES + 10
    waits: list[list[float]] = [[] for _ in range(minutes)]
    busy = [0.0] * minutes
    arrived = [0] * minutes
    for _ in range(sample):
        free_at = 0.0
        events = [(at, 0) for at in _arrivals(crowd / workers, chance)]
        for at, _step in events:
            arrived[int(at // 60)] += 1
        heapq.heapify(events)
        while events:
            at, step = heapq.heappop(events)
            minute = min(int(at // 60), minutes - 1)
            service = services[step] * chance.lognormvariate(-spread * spread / 2, spread)
            start = max(at, free_at)
            free_at = start + service
            waits[minute].append(start - at)
            busy[min(int(start // 60), minutes - 1)] += service
            if step + 1 < len(services):
                heapq.heappush(events, (free_at + chance.expovariate(1 / THINK_SECONDS), step + 1))
    return [
        Minute(
            arrived[n] / 60 * workers / sample,
            busy[n] / 60 / sample,
            _quantile(waits[n], 0.5),
            _quantile(waits[n], 0.99),
        )
        for n in range(minutes)
    ]


def _arrivals(crowd: float, chance: random.Random) -> list[float]:
    """Seconds after 8:30 at which people come: a Poisson stream in each minute."""
    times: list[float] = []
    for minute in range(MINUTES):
        at, rate = minute * 60.0, crowd * share(minute) / 60
        while rate and (at := at + chance.expovariate(rate)) < minute * 60.0 + 60.0:
            times.append(at)
    return times


def _quantile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0.0


def services(found: Report) -> list[float]:
    """Seconds of the gateway by step, as measured with servers; else the defaults."""
    steps = found.get("journeys", {}).get("servers", {}).get("steps", {})
    return [steps.get(name, {}).get("gateway", default) / 1e3 for name, default in DEFAULTS.items()]
