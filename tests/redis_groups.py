"""Real Redis servers that belong together: a primary with its replica under a Sentinel, and a small cluster."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.processes import free_port
from tests.servers import MissingServer, Server

_READY_SECONDS = 60.0
_SLOTS = 16384


@dataclass(frozen=True)
class Watched:
    """A group that a Sentinel watches under the name `main`."""

    url: str
    primary: Server
    replica: Server
    sentinel: Server


@dataclass(frozen=True)
class Cluster:
    """Primaries with even parts of the slots, and replicas, the first of them of the first primary."""

    url: str
    primaries: tuple[Server, ...]
    replicas: tuple[Server, ...]


def ask(server: Server, *command: str | int) -> str:
    """One command by redis-cli."""
    program = ["redis-cli", "-p", str(server.port), *map(str, command)]
    return subprocess.run(program, capture_output=True, check=True, text=True, timeout=10).stdout


def wait_until(holds: Callable[[], bool]) -> None:
    """Look again and again."""
    until = time.monotonic() + _READY_SECONDS
    while not holds():
        assert time.monotonic() < until, "the servers never got ready"
        time.sleep(0.05)


@contextlib.contextmanager
def watched_redis() -> Iterator[Watched]:
    """Failover after half a second of silence."""
    with contextlib.ExitStack() as stack:
        primary = stack.enter_context(_server())
        replica = stack.enter_context(_server("--replicaof", "127.0.0.1", str(primary.port)))
        wait_until(lambda: "state=online" in ask(primary, "INFO", "replication"))
        lines = (
            f"sentinel monitor main 127.0.0.1 {primary.port} 1",
            "sentinel down-after-milliseconds main 500",
            "sentinel failover-timeout main 3000",
        )
        sentinel = stack.enter_context(_server("--sentinel", lines=lines))
        wait_until(lambda: "slaves=1" in ask(sentinel, "INFO", "sentinel"))
        yield Watched(f"redis+sentinel://127.0.0.1:{sentinel.port}/main/0", primary, replica, sentinel)


@contextlib.contextmanager
def redis_cluster(replicas: int = 0) -> Iterator[Cluster]:
    """Three primaries."""
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-require-full-coverage", "no")
    with contextlib.ExitStack() as stack:
        # Without a port of their own for each other they take one that the kernel gives to whoever connects.
        buses = [str(free_port()) for _ in range(3 + replicas)]
        nodes = [stack.enter_context(_server(*options, "--cluster-port", bus)) for bus in buses]
        first, primaries = nodes[0], nodes[:3]
        for number, node in enumerate(primaries):
            begin, end = _SLOTS * number // 3, _SLOTS * (number + 1) // 3 - 1
            ask(node, "CLUSTER", "ADDSLOTSRANGE", begin, end)
        for node in nodes[1:]:
            ask(node, "CLUSTER", "MEET", "127.0.0.1", first.port, buses[0])
        wait_until(lambda: all(_knows_all(node, nodes) for node in nodes))
        for node in nodes[3:]:
            ask(node, "CLUSTER", "REPLICATE", ask(first, "CLUSTER", "MYID").strip())
        wait_until(lambda: all("connected_slaves:0" not in ask(first, "INFO", "replication") for _ in nodes[3:]))
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
        yield Cluster(f"redis+cluster://{hosts}", tuple(primaries), tuple(nodes[3:]))


@contextlib.contextmanager
def redis_with_tls(certificate: Path, key: Path) -> Iterator[dict[str, str]]:
    """URLs without their query of one server, of a group under a Sentinel, and of a cluster of one, all behind TLS."""
    tls = (
        f"tls-cert-file {certificate}",
        f"tls-key-file {key}",
        f"tls-ca-cert-file {certificate}",
        "tls-auth-clients no",
    )
    with contextlib.ExitStack() as stack:
        single = stack.enter_context(_server(lines=tls, tls=True))
        watched = ("tls-replication yes", f"sentinel monitor main 127.0.0.1 {single.port} 1")
        sentinel = stack.enter_context(_server("--sentinel", lines=(*tls, *watched), tls=True))
        alone = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()), "--tls-cluster", "yes")
        shard = stack.enter_context(_server(*alone, lines=tls, tls=True))
        secure = ("--tls", "--cacert", str(certificate))
        ask(shard, *secure, "CLUSTER", "ADDSLOTSRANGE", 0, _SLOTS - 1)
        wait_until(lambda: "cluster_state:ok" in ask(shard, *secure, "CLUSTER", "INFO"))
        yield {
            "single": f"rediss://127.0.0.1:{single.port}/0",
            "sentinel": f"rediss+sentinel://127.0.0.1:{sentinel.port}/main/0",
            "cluster": f"rediss+cluster://127.0.0.1:{shard.port}",
        }


def _knows_all(node: Server, nodes: Sequence[Server]) -> bool:
    info = ask(node, "CLUSTER", "INFO")
    known = f"cluster_known_nodes:{len(nodes)}" in info and f"cluster_slots_ok:{_SLOTS}" in info
    return known and "cluster_state:ok" in info and "handshake" not in ask(node, "CLUSTER", "NODES")


@contextlib.contextmanager
def _server(*options: str, lines: Sequence[str] = (), tls: bool = False) -> Iterator[Server]:
    program = shutil.which("redis-server")
    if program is None:
        raise MissingServer("redis-server is missing: apt-get install redis-server")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="sekisho-redis-") as folder:
        file = Path(folder) / "redis.conf"
        listen = f"port 0\ntls-port {port}" if tls else f"port {port}"
        common = (listen, "bind 127.0.0.1", f"dir {folder}", "repl-diskless-sync-delay 0", 'save ""')
        file.write_text("\n".join((*(common if "--sentinel" not in options else common[:3]), *lines)) + "\n")
        server = Server([program, str(file), *options], port, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
