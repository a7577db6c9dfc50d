"""What a process tells those who run it: a log on stderr, one line on stdout when it is ready, states to systemd.

Logs are for people on a terminal and one JSON object a line elsewhere; they name references, never secrets.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import sys
from collections import Counter

from gateway.core.errors import StoreUnavailable

STOP_SECONDS = 25.0  # for what is under way when the gateway stops: Kubernetes kills after 30
IDLE_SECONDS = 1.0  # for a request that is on its way on an idle connection then


def set_up_log(process: str = "") -> None:
    """Log to stderr; `process` names this one of several."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Sparing())
    handler.setFormatter(_Plain(process) if sys.stderr.isatty() else _Json(process))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for chatty in ("aiohttp", "alembic", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def say_ready(origin: str) -> None:
    """The one line on stdout, and word to systemd: the gateway answers, whether the line can be written or not."""
    with contextlib.suppress(OSError):
        sys.stdout.write(f"ready {origin}/\n")
        sys.stdout.flush()
    notify("READY=1")


def notify(state: str) -> None:
    """Tell systemd, if it has started us and wants to know (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as system:
            system.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)


class Sparing(logging.Filter):
    """Lets so many lines a second of one kind through: a flood of requests must not become one of lines, which cost
    more than their answers. How many were left out stands in the next.

    Of lines about requests that a store could not answer a few a minute are enough: each would say the same, and the
    store's own lines say since when and until when (`stores.outage`).
    """

    def __init__(self, most: int = 20, most_of_a_store: int = 3) -> None:
        """`most` in a second, `most_of_a_store` in a minute."""
        super().__init__()
        self._by_second = _Window(1, most)
        self._by_minute = _Window(60, most_of_a_store)
        self._left_out: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this one is written. Of one kind are those with the same words before anything is filled in, and
        about the same store."""
        kind = str(record.msg)
        silent = next((one for one in _filled_in(record) if isinstance(one, StoreUnavailable)), None)
        if silent is not None:
            kind = f"{silent.store}: {kind}"
        if not (self._by_second if silent is None else self._by_minute).lets(kind, record.created):
            self._left_out[kind] += 1
            return False
        left_out = self._left_out.pop(kind, 0)
        if left_out:
            record.msg, record.args = f"{record.getMessage()} ({left_out} more like this were left out)", ()
        return True


class _Window:
    """So many of each kind in so many seconds."""

    def __init__(self, seconds: int, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._number = 0
        self._seen: Counter[str] = Counter()

    def lets(self, kind: str, at: float) -> bool:
        """Whether this one is within the bound. A clock that was set starts anew."""
        number = int(at) // self._seconds
        if number != self._number:
            self._number = number
            self._seen.clear()
        self._seen[kind] += 1
        return self._seen[kind] <= self._most


def _filled_in(record: logging.LogRecord) -> tuple[object, ...]:
    return record.args if isinstance(record.args, tuple) else ()


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
