"""Many browsers over one pool of connections: everybody gets an answer, whole, and their own."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.conftest import ALL_VAULTED, YAML
from tests.harness.echo import EchoApp, Seen, plain_answer
from tests.harness.gateway import GatewayThread
from tests.harness.wire import exchange

ROUNDS, AT_ONCE = 8, 16
OPEN = "routes:\n  - {path: /open/**, access: public}\n"


def slow_echo(seen: Seen) -> bytes:
    """An answer that names its request, soon enough to meet those who still wait for a connection."""
    time.sleep(0.002)
    return plain_answer(body=seen.target * 200)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A gateway whose pool is cold."""
    with EchoApp(slow_echo) as app:
        yaml = YAML.replace("{UPSTREAM}", str(app.port)).replace("{VAULT}", ALL_VAULTED).replace("routes:\n", OPEN)
        with GatewayThread(tmp_path, yaml) as gateway:
            yield gateway.port


def outcome(port: int, target: bytes) -> str:
    """What one browser got."""
    try:
        answer = exchange(
            port, b"GET " + target + b" HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n", seconds=4
        )
    except AssertionError:
        return "no answer"
    if answer.status != 200:
        return f"status {answer.status}"
    return "own" if answer.body == target * 200 else "another's or broken"


def test_nobody_waits_for_ever_and_nobody_gets_anothers(port: int) -> None:
    """Bursts on a cold pool, where connections pass from one exchange straight to the next."""
    found: Counter[str] = Counter()

    def visit(number: int) -> None:
        found[outcome(port, b"/open/%d" % number)] += 1

    for round_number in range(ROUNDS):
        threads = [threading.Thread(target=visit, args=(round_number * 100 + number,)) for number in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {"own": ROUNDS * AT_ONCE}
