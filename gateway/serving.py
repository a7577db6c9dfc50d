"""`sekisho serve` as a process: signals, the log on stderr, a new configuration on HUP.

Logs are for people on a terminal and one JSON object a line elsewhere; they name references, never secrets.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

import uvloop

from gateway import app
from gateway.config.loading import load
from gateway.config.settings import Configuration
from gateway.core.errors import ConfigRefused, GatewayError

STOP_SECONDS = 25.0  # for what is under way when the gateway stops: Kubernetes kills after 30
IDLE_SECONDS = 1.0  # for a request that is on its way on an idle connection then
_log = logging.getLogger("sekisho")


def serve(file: Path, configuration: Configuration) -> None:
    """Run until INT or TERM, then finish what is under way. Raises StoreUnavailable, GatewayError, OSError."""
    set_up_log()
    uvloop.run(_serve(file, configuration))


def set_up_log(process: str = "") -> None:
    """Log to stderr; `process` names this one of several."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Plain(process) if sys.stderr.isatty() else _Json(process))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for chatty in ("aiohttp", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def say_ready(configuration: Configuration) -> None:
    """The one line on stdout, for whoever started us."""
    sys.stdout.write(f"ready {configuration.public.origin}/\n")
    sys.stdout.flush()


async def _serve(file: Path, configuration: Configuration) -> None:
    loop = asyncio.get_running_loop()
    stop: asyncio.Queue[None] = asyncio.Queue()
    reload = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.put_nowait, None)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
    running = await app.start(configuration)
    say_ready(configuration)
    reloads = asyncio.create_task(_reload_on(reload, file, running))
    await stop.get()
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


class _Plain(logging.Formatter):
    """For people on a terminal."""

    def __init__(self, process: str) -> None:
        super().__init__(f"%(levelname)s {process}{': ' if process else ''}%(message)s")


class _Json(logging.Formatter):
    """One object a line. Control characters arrive escaped, so nobody writes log lines of their own (CWE-117)."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._named = {"process": process} if process else {}

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "ts": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            **self._named,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
