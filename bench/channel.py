"""What a worker spends on hearing of somebody else's change: python -m bench.channel

Every change of a session is told to every worker, so this grows with the crowd and not with what one worker serves.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from redis import Redis

from bench import stores
from bench.app import App
from bench.gateway import Gateway
from bench.processes import cores
from gateway.stores.redis_scripts import CHANNEL, row_name

_CHANGES = 40_000
_AT_ONCE = 500
_PAUSE_SECONDS = 0.01
Say = Callable[[str], None]


def measured(say: Say) -> dict[str, Any]:
    """Microseconds of a worker and of Redis for one change and one worker, for build/bench.json."""
    ours, others = cores()
    with App(others) as app, stores.redis(others) as store, Gateway(app.port, ours, sessions=store.url) as gateway:
        gateway.full_cookies(1)  # connects, and follows the channel from here on
        with Redis.from_url(store.url) as client:
            worker, server = gateway.process.cpu_seconds(), store.process.cpu_seconds()
            for _ in range(_CHANGES // _AT_ONCE):
                pipeline = client.pipeline(transaction=False)
                for _ in range(_AT_ONCE):
                    pipeline.publish(CHANNEL, b"2:" + row_name(secrets.token_bytes(32)))
                pipeline.execute()
                time.sleep(_PAUSE_SECONDS)
            time.sleep(1.0)
        worker, server = gateway.process.cpu_seconds() - worker, store.process.cpu_seconds() - server
    found = {"worker_us": round(worker / _CHANGES * 1e6, 1), "redis_us": round(server / _CHANGES * 1e6, 1)}
    say(f"a change of somebody else's session: {found['worker_us']} µs in each worker, {found['redis_us']} µs in Redis")
    return found


if __name__ == "__main__":
    measured(print)
