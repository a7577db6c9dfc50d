"""A crowd that does not wait: requests at a constant rate, each one's time counted from when it was due (pace.c)."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.load import CONNECTIONS
from bench.processes import BUILD, Missing, Spoiled, pinned, program

_SOURCE = Path(__file__).with_name("pace.c")
_OK = 200


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from when a request was due to its answer's last byte; `sent_…`: from when it was sent, which is later
    where every connection was busy."""

    count: int
    p50: float
    p99: float
    worst: float
    sent_p50: float
    sent_p99: float


@dataclass(frozen=True, slots=True)
class Pace:
    """What came back, by status. `late`: seconds at p99 by which a request was sent too late although a connection was
    free: what the generator itself adds."""

    answers: dict[int, Latency]
    late: float

    @property
    def ok(self) -> Latency:
        """Those with 200."""
        return self.answers[_OK]


def built() -> Path:
    """The generator, compiled when it is not there yet. Raises Missing."""
    made = BUILD / "pace"
    if made.exists() and made.stat().st_mtime > _SOURCE.stat().st_mtime:
        return made
    BUILD.mkdir(parents=True, exist_ok=True)
    words = [program("gcc"), "-O2", "-o", str(made), str(_SOURCE)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"gcc could not build {_SOURCE.name}: {done.stderr[-500:]}")
    return made


def paced(
    file: Path,
    port: int,
    rate: float,
    seconds: float,
    core: int | None = None,
    *,
    connections: int = CONNECTIONS,
    warm: float = 0.0,
    warm_rate: float | None = None,
    tick: float = 0.0,
    others: frozenset[int] = frozenset(),
) -> Pace:
    """Requests of a file (see load.written) at that rate for so long, after `warm` seconds that do not count, at a rate
    of their own if they have one. `tick`: see pace.c.

    Raises Spoiled when a request had no answer, or one with a status that is neither 200 nor one of `others`.
    """
    command = [str(built()), str(file), str(port), str(connections), f"{rate:.1f}", f"{seconds:.3f}"]
    command += [f"{warm:.3f}", f"{warm_rate or rate:.1f}", f"{tick:.6f}"]
    most = warm + seconds + 90
    done = subprocess.run(pinned(command, core), capture_output=True, text=True, timeout=most, check=False)
    if done.returncode:
        raise Spoiled(f"{file.stem} at {rate:.0f} a second: {done.stderr[-500:]}")
    found = json.loads(done.stdout)
    answers = {int(status): Latency(**one) for status, one in found["answers"].items()}
    if found["lost"] or found["unanswered"] or not answers or answers.keys() - {_OK} - others:
        raise Spoiled(f"{file.stem} at {rate:.0f} a second: not what was asked for: {done.stdout[:1000]}")
    return Pace(answers, found["late"])
