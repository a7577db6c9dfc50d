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

_log = logging.getLogger("sekisho")


def serve(file: Path, configuration: Configuration) -> None:
    """Run until INT or TERM, then finish what is under way. Raises StoreUnavailable, GatewayError, OSError."""
    logging.basicConfig(level=logging.INFO, handlers=[_handler()])
    for chatty in ("aiohttp", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    uvloop.run(_serve(file, configuration))


async def _serve(file: Path, configuration: Configuration) -> None:
    loop = asyncio.get_running_loop()
    stop, reload = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
    running = await app.start(configuration)
    sys.stdout.write(f"ready {configuration.public.origin}/\n")
    sys.stdout.flush()
    reloads = asyncio.create_task(_reload_on(reload, file, running))
    await stop.wait()
    reloads.cancel()
    await running.close(app.DRAIN_SECONDS)


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


def _handler() -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s") if sys.stderr.isatty() else _Json())
    return handler


class _Json(logging.Formatter):
    """One object a line. Control characters arrive escaped, so nobody writes log lines of their own (CWE-117)."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "ts": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
