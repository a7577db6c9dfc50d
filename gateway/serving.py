"""`sekisho serve` as one process: signals, a new configuration on HUP. Several are `gateway.workers`."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path

import uvloop

from gateway import app
from gateway.config.loading import load
from gateway.config.settings import Configuration
from gateway.core.errors import ConfigRefused, GatewayError
from gateway.logs import IDLE_SECONDS, STOP_SECONDS, notify, say_ready, set_up_log
from gateway.settle import settle

_log = logging.getLogger("sekisho")


def serve(file: Path, configuration: Configuration) -> None:
    """Run until INT or TERM, then finish what is under way. Raises StoreUnavailable, GatewayError, OSError."""
    set_up_log()
    uvloop.run(_serve(file, configuration))


async def _serve(file: Path, configuration: Configuration) -> None:
    loop = asyncio.get_running_loop()
    stop: asyncio.Queue[None] = asyncio.Queue()
    reload = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.put_nowait, None)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
    loop.add_signal_handler(signal.SIGUSR2, _log.warning, "one process alone is not renewed: restart it")
    running = await app.start(configuration)
    settle()
    say_ready(configuration.public.origin)
    reloads = asyncio.create_task(_reload_on(reload, file, running))
    await stop.get()
    notify("STOPPING=1")
    reloads.cancel()
    again = asyncio.create_task(stop.get())  # whoever asks a second time does not want to wait
    drained = asyncio.create_task(running.drain(STOP_SECONDS, IDLE_SECONDS))
    await asyncio.wait((again, drained), return_when=asyncio.FIRST_COMPLETED)
    await running.close()


async def _reload_on(asked: asyncio.Event, file: Path, running: app.Running) -> None:
    """Take a new file when asked to. Whatever is wrong with it, the gateway goes on as it is (H3)."""
    while True:
        await asked.wait()
        asked.clear()
        try:
            await running.reload(await asyncio.to_thread(load, file))
        except ConfigRefused as refused:
            _log.error("%s is refused, the running configuration stays:\n%s", file, refused)
        except (GatewayError, OSError) as fault:
            _log.error("%s is not taken, the running configuration stays: %s", file, fault)
        else:
            _log.info("%s is in force", file)
