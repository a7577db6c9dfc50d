"""One process as the supervisor sees it: started, ready, told things, gone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import socket
import sys
from collections.abc import Sequence

from gateway.core.errors import GatewayError
from gateway.workers.channel import Channel
from gateway.workers.order import Order

# A fresh interpreter, so that an upgraded package takes effect. It looks for modules where this one does, and nowhere
# else: with -P not in the working directory either, where anybody might have put some.
_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); from gateway.workers.worker import main; main()"
_ANSWER_SECONDS = 60.0
BEAT_SECONDS = 10.0
_MISSED_BEATS = 6  # counted, not timed: a supervisor that stood still itself has missed one
_log = logging.getLogger("sekisho.workers")


class ProcessFailed(GatewayError):
    """A process ended before it was ready. `code`: its exit code, 1 or 3, as for `sekisho serve`."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Process:
    """A worker, or the pages. `lost` is set once it takes no more connections: it has ended, or was told to end."""

    def __init__(
        self, name: str, text: str, process: asyncio.subprocess.Process, channel: Channel, began: float
    ) -> None:
        self.name = name
        self.text = text  # the configuration that it works under
        self.pid = process.pid
        self.began = began
        self.lost = asyncio.Event()
        self._process = process
        self._channel = channel
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answer: asyncio.Future[str] | None = None
        self._fault: ProcessFailed | None = None
        self._heard = False
        self._following = asyncio.create_task(self._follow())

    @classmethod
    async def start(
        cls, name: str, order: Order, pages: socket.socket, sockets: Sequence[socket.socket] | None
    ) -> Process:
        """A worker with these sockets, or without any the process with the pages."""
        ours, theirs = socket.socketpair()
        given = [pages] if sockets is None else list(sockets)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-c", _BOOT, json.dumps(sys.path), name, str(theirs.fileno())),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), *(one.fileno() for one in given)),
                process_group=0,  # Ctrl-C on a terminal is for the supervisor, which tells the others
            )
        channel = await Channel.over(ours)
        channel.say(
            "start",
            file=str(order.file),
            text=order.text,
            address=pages.getsockname(),
            sockets=[one.fileno() for one in given],
            pages=sockets is None,
        )
        return cls(name, order.text, process, channel, asyncio.get_running_loop().time())

    async def ready(self, seconds: float) -> None:
        """Return when it answers. Raises ProcessFailed; then it has ended."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._ready)
        except TimeoutError:
            self.kill()
            raise ProcessFailed(f"{self.name} was not ready within {seconds:.0f} s", 1) from None

    async def take(self, text: str) -> str:
        """Have it take another configuration; what hindered it, or nothing."""
        self._answer = asyncio.get_running_loop().create_future()
        self._channel.say("take", text=text)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANSWER_SECONDS):
                trouble = await self._answer
                self.text = self.text if trouble else text
                return trouble
        return f"no answer within {_ANSWER_SECONDS:.0f} s"

    def leave(self, seconds: float, idle_seconds: float | None = None) -> None:
        """Have it finish what is under way and end; see `Lane.drain`. One that is still starting ends now."""
        if self._ready.done():
            self._channel.say("leave", seconds=seconds, idle_seconds=idle_seconds)
        else:
            self.kill()

    def kill(self) -> None:
        """End it now."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def ended(self) -> None:
        """Return when it is gone."""
        await asyncio.shield(self._following)

    @property
    def how(self) -> str:
        """How it ended."""
        code = self._process.returncode
        if code is None:
            return "is leaving"
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    async def _follow(self) -> None:
        watching = None
        while (message := await self._channel.hear()) is not None:
            self._heard = True
            match message["word"]:
                case "ready":
                    self._ready.set_result(None)
                    watching = asyncio.create_task(self._watch())
                case "failed":
                    self._fault = ProcessFailed(message["message"], message["code"])
                case "leaving":
                    self.lost.set()
                case "answer" if self._answer is not None and not self._answer.done():
                    self._answer.set_result(message["trouble"])
        await self._process.wait()
        if watching is not None:
            watching.cancel()
        self._channel.close()
        self.lost.set()
        if not self._ready.done():
            self._ready.set_exception(self._fault or ProcessFailed(f"{self.name} {self.how}", 1))
            self._ready.exception()  # perhaps nobody asks
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(self.how)

    async def _watch(self) -> None:
        """End it when it says nothing for a minute: its loop stands still, and so does everybody who is with it."""
        missed = 0
        while missed < _MISSED_BEATS:
            await asyncio.sleep(BEAT_SECONDS)
            missed, self._heard = 0 if self._heard else missed + 1, False
        _log.error("%s, process %d, stands still and is ended", self.name, self.pid)
        self.kill()
