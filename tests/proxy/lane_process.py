"""A lane in a process of its own, so that its memory can be read: `python -m tests.proxy.lane_process UPSTREAM_PORT`.

Prints its port, then serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop

from gateway.config.settings import Limits, ListenAddress
from gateway.proxy.server import Lane
from tests.proxy.lane_kit import ScriptedGate


async def _serve(upstream: int) -> None:
    lane = Lane(ScriptedGate(), {"app": ("127.0.0.1", upstream)}, Limits())
    (port,) = await lane.start((ListenAddress("127.0.0.1", 0),))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await lane.close()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
