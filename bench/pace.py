"""A crowd that does not wait: requests at a constant rate, and each one's time counted from when it was due.

    python -m bench.pace REQUESTS PORT RATE SECONDS        prints one JSON object

A generator that sends the next request only after an answer (wrk) is slowed down by the very delays that it should
show. Here a request that finds every connection busy waits, and its waiting counts. One process, plain sockets.
"""

from __future__ import annotations

import gc
import json
import select
import socket
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from bench.load import CONNECTIONS
from bench.processes import Spoiled, pinned

_PIECE = 1 << 17
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from when a request was due to its answer's last byte. `late`: how long after that it was sent, at p99:
    what the generator itself adds."""

    answers: int
    p50: float
    p99: float
    worst: float
    late: float


def paced(file: Path, port: int, rate: float, seconds: float, core: int | None) -> Latency:
    """Run the generator as a process of its own. Raises Spoiled."""
    command = [sys.executable, "-m", "bench.pace", str(file), str(port), f"{rate:.1f}", str(seconds)]
    done = subprocess.run(pinned(command, core), capture_output=True, text=True, timeout=seconds + 60, check=False)
    if done.returncode:
        raise Spoiled(f"{file.stem} at {rate:.0f} a second: {done.stderr[-500:]}")
    return Latency(**json.loads(done.stdout))


class _Line:
    """A connection that carries one request at a time."""

    __slots__ = ("data", "due", "socket", "wanted")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.due = 0.0
        self.data = bytearray()
        self.wanted = 0  # bytes of the whole answer, once its head is there

    def send(self, request: bytes, due: float) -> None:
        """Ask. A request is far smaller than an empty socket buffer."""
        self.due = due
        if self.socket.send(request) != len(request):
            raise Spoiled("a request did not fit into an empty socket")

    def answered(self) -> bool:
        """Read what is there; True with the last byte. Raises Spoiled unless it is a 200 with a length."""
        piece = self.socket.recv(_PIECE)
        if not piece:
            raise Spoiled("the proxy has closed a connection")
        self.data += piece
        if not self.wanted:
            end = self.data.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.wanted = end + 4 + _length(bytes(self.data[:end]))
        if len(self.data) < self.wanted:
            return False
        self.data.clear()
        self.wanted = 0
        return True


def _length(head: bytes) -> int:
    lower = head.lower()
    found = lower.find(b"\r\ncontent-length:")
    if not lower.startswith(b"http/1.1 200 ") or found < 0:
        raise Spoiled(f"not what was asked for: {head[:200]!r}")
    return int(lower[found + 17 :].split(b"\r\n", 1)[0])


def measure(requests: list[bytes], port: int, rate: float, seconds: float) -> Latency:
    """Send at that rate for so long."""
    lines = {line.socket: line for line in (_Line(port) for _ in range(CONNECTIONS))}
    try:
        return _measured(lines, requests, rate, seconds)
    finally:
        for line in lines.values():
            line.socket.close()


def _measured(lines: dict[socket.socket, _Line], requests: list[bytes], rate: float, seconds: float) -> Latency:
    idle, waiting = deque(lines.values()), deque[float]()
    times: list[float] = []
    late: list[float] = []
    total, sent, step = max(1, int(rate * seconds)), 0, 1.0 / rate
    clock = time.perf_counter
    begun = clock() + 0.05
    while len(times) < total:
        now = clock()
        while sent + len(waiting) < total and (due := begun + (sent + len(waiting)) * step) <= now:
            waiting.append(due)
        while waiting and idle:
            due = waiting.popleft()
            idle.popleft().send(requests[sent % len(requests)], due)
            late.append(clock() - due)
            sent += 1
        pause = begun + (sent + len(waiting)) * step - clock() if sent + len(waiting) < total else 1.0
        for ready in select.select(lines, (), (), max(0.0, pause))[0]:
            line = lines[ready]
            if line.answered():
                times.append(clock() - line.due)
                idle.append(line)
        if now - begun > seconds + _PATIENCE:
            raise Spoiled(
                f"{total - len(times)} of {total} requests had no answer {_PATIENCE:.0f} seconds after the end"
            )
    times.sort()
    late.sort()
    return Latency(total, times[total // 2], times[int(total * 0.99)], times[-1], late[int(total * 0.99)])


def main() -> None:
    """What `paced` runs."""
    file, port, rate, seconds = sys.argv[1:]
    lines = Path(file).read_bytes().splitlines()
    requests = [line.replace(b"\\r\\n", b"\r\n") for line in lines]
    gc.freeze()
    gc.disable()
    latency = measure(requests, int(port), float(rate), float(seconds))
    sys.stdout.write(json.dumps({name: getattr(latency, name) for name in Latency.__slots__}) + "\n")


if __name__ == "__main__":
    main()
