"""Rounds of A B A B: every proxy in turn under the same load, processor time from the accounts, answers from wrk."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import accounts, load
from bench.app import App
from bench.load import Kind
from bench.pace import Pace, paced
from bench.processes import Spoiled
from bench.proxies import Proxy

_WARM, _TICK = 0.1, 0.00025  # seconds
_LEAST_ROUNDS = 5
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """One run. `microseconds`: of processor time for each answer; `rate`: answers a second."""

    microseconds: float
    rate: float


@dataclass(slots=True)
class Table:
    """What was measured so far: (kind, proxy) → one sample a round."""

    samples: dict[tuple[str, str], list[Sample]] = field(default_factory=dict)

    def add(self, kind: str, proxy: str, sample: Sample) -> None:
        """One more round."""
        self.samples.setdefault((kind, proxy), []).append(sample)

    def microseconds(self, kind: str, proxy: str) -> float | None:
        """The median; None when it was not measured."""
        found = self.samples.get((kind, proxy))
        return statistics.median(one.microseconds for one in found) if found else None

    def rate(self, kind: str, proxy: str) -> float | None:
        """The median; None when it was not measured."""
        found = self.samples.get((kind, proxy))
        return statistics.median(one.rate for one in found) if found else None

    def ratio(self, kind: str, proxy: str, other: str) -> float | None:
        """Processor time of `proxy` over that of `other`: the median of the rounds' own ratios, since what slows the
        machine for a while slows both of a round."""
        ours, theirs = self.samples.get((kind, proxy)), self.samples.get((kind, other))
        if not ours or not theirs:
            return None
        return statistics.median(a.microseconds / b.microseconds for a, b in zip(ours, theirs, strict=False))


@dataclass(frozen=True, slots=True)
class Contest:
    """One kind of request, and who takes part."""

    kind: Kind
    proxies: Sequence[Proxy]


class Field:
    """Where contests are held: the app, the core of everything but the proxy, and how long a run takes."""

    def __init__(self, app: App, core: int, seconds: float, say: Say) -> None:
        self._app = app
        self._core = core
        self._seconds = seconds
        self._say = say
        self._files: dict[tuple[str, str], Path] = {}

    def hold(self, contests: Iterable[Contest], rounds: int) -> Table:
        """All rounds of all contests. Raises Spoiled when any answer was wrong."""
        table = Table()
        for contest in contests:
            for proxy in contest.proxies:
                self._warm(proxy, contest.kind)
            for _ in range(rounds):
                for proxy in contest.proxies:
                    table.add(contest.kind.name, proxy.name, self._run(proxy, contest.kind))
            self._say(f"  {contest.kind.name}: {_summary(table, contest)}")
        return table

    def latencies(self, proxies: Sequence[Proxy], kind: Kind, rate: float, rounds: int, seconds: float) -> Latencies:
        """Every proxy in turn under requests at a constant rate, in many short rounds."""
        found: dict[str, list[Pace]] = {proxy.name: [] for proxy in proxies}
        stolen = []
        for _ in range(rounds):
            before = accounts.stolen_seconds()
            for proxy in proxies:
                file = self._file(proxy, kind)
                found[proxy.name].append(paced(file, proxy.port, rate, seconds, self._core, warm=_WARM, tick=_TICK))
            stolen.append(accounts.stolen_seconds() - before)
        return Latencies(rate, found, tuple(stolen))

    def _file(self, proxy: Proxy, kind: Kind) -> Path:
        key = proxy.name, kind.name
        if key not in self._files:
            name = f"{proxy.name}-{kind.name}".replace(" ", "-").replace(",", "")
            self._files[key] = load.written(name, proxy.port, kind, proxy.cookies)
        return self._files[key]

    def _warm(self, proxy: Proxy, kind: Kind) -> None:
        """A second in which every status is looked at: from here on answers of one kind must have one size."""
        load.run(self._file(proxy, kind), proxy.port, kind, 1, self._core, check=True)

    def _run(self, proxy: Proxy, kind: Kind) -> Sample:
        reached, spent = self._app.answered(), proxy.process.cpu_seconds()
        count = load.run(self._file(proxy, kind), proxy.port, kind, self._seconds, self._core)
        spent, reached = proxy.process.cpu_seconds() - spent, self._app.answered() - reached
        if reached < count.requests:
            raise Spoiled(f"{proxy.name}: {count.requests - reached} answers of {count.requests} were not the app's")
        return Sample(spent / count.requests * 1e6, count.rate)


@dataclass(frozen=True, slots=True)
class Latencies:
    """At `rate` requests a second, each proxy's rounds. `stolen`: seconds in each round in which the machine under this
    virtual one gave the processors to somebody else; the quarter of the rounds with the least of it counts."""

    rate: float
    rounds: dict[str, list[Pace]]
    stolen: tuple[float, ...]

    @property
    def counted(self) -> list[int]:
        """The numbers of the rounds that count."""
        calmest = sorted(range(len(self.stolen)), key=self.stolen.__getitem__)
        return calmest[: max(_LEAST_ROUNDS, len(calmest) // 4)]

    def p50(self, proxy: str) -> float:
        """Median of the rounds, seconds."""
        return statistics.median(self.rounds[proxy][number].ok.p50 for number in self.counted)

    def p99(self, proxy: str) -> float:
        """Median of the rounds, seconds."""
        return statistics.median(self.rounds[proxy][number].ok.p99 for number in self.counted)

    def over(self, proxy: str, other: str) -> float:
        """By how much the p99 is larger, seconds: the median of the rounds' differences."""
        ours, theirs = self.rounds[proxy], self.rounds[other]
        return statistics.median(ours[number].ok.p99 - theirs[number].ok.p99 for number in self.counted)

    @property
    def late(self) -> float:
        """How late the generator itself was at p99 although a connection was free, seconds."""
        return statistics.median(several[number].late for several in self.rounds.values() for number in self.counted)

    @property
    def disturbed(self) -> float:
        """Seconds that were stolen in a round that counts, on average."""
        return statistics.mean(self.stolen[number] for number in self.counted)


def _summary(table: Table, contest: Contest) -> str:
    found = ((proxy.name, table.microseconds(contest.kind.name, proxy.name)) for proxy in contest.proxies)
    return ", ".join(f"{name} {value:.1f} µs" for name, value in found if value is not None)
