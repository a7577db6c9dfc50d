"""A process of the supervisor's: a lane, or the pages. Started as `python -c … NAME DESCRIPTOR`; see `process`."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from pathlib import Path

import uvloop

from gateway import app
from gateway.core.errors import ConfigRefused, GatewayError, StoreUnavailable
from gateway.logs import IDLE_SECONDS, STOP_SECONDS, set_up_log
from gateway.part import Part
from gateway.settle import settle
from gateway.workers.channel import Channel, Message
from gateway.workers.order import Order
from gateway.workers.process import BEAT_SECONDS

_log = logging.getLogger("sekisho.workers")
_SUPERVISOR_GONE: Message = {"word": "leave", "seconds": STOP_SECONDS, "idle_seconds": IDLE_SECONDS}
_TERM: Message = {"word": "term"}
_LEFT: Message = {"word": "left"}


def main() -> None:
    """Run until told to leave. Exit codes as `sekisho serve` has them."""
    _, name, descriptor = sys.argv
    set_up_log(name)
    sys.exit(uvloop.run(_run(socket.socket(fileno=int(descriptor)))))


async def _run(end: socket.socket) -> int:
    events: asyncio.Queue[Message] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, events.put_nowait, _TERM)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR2):  # they are the supervisor's
        signal.signal(number, signal.SIG_IGN)
    channel = await Channel.over(end)
    start = await channel.hear()
    if start is None:
        return 0
    file = Path(start["file"])
    try:
        running = await _started(file, start)
    except (GatewayError, OSError) as fault:
        code = 3 if isinstance(fault, StoreUnavailable) else 1
        channel.say("failed", message=str(fault), code=code)
        await channel.said()
        channel.close()
        await asyncio.sleep(0)
        return code
    settle()
    channel.say("ready")
    beside = (asyncio.create_task(_follow(channel, events)), asyncio.create_task(_beat(channel)))
    await _obey(running, file, channel, events)
    await running.close()
    for task in beside:
        task.cancel()
    channel.close()
    return 0


async def _started(file: Path, start: Message) -> app.Running:
    configuration = Order.of(file, start["text"]).configuration
    sockets = [socket.socket(fileno=one) for one in start["sockets"]]
    if start["pages"]:
        part = Part(lane=False, address=start["address"], listening=sockets[0])
        return await app.start(configuration, part=part, sockets=())
    part = Part(pages=False, address=start["address"])
    return await app.start(configuration, part=part, sockets=sockets)


async def _beat(channel: Channel) -> None:
    while True:
        await asyncio.sleep(BEAT_SECONDS / 2)
        channel.say("alive")


async def _follow(channel: Channel, events: asyncio.Queue[Message]) -> None:
    while (message := await channel.hear()) is not None:
        events.put_nowait(message)
    events.put_nowait(_SUPERVISOR_GONE)


async def _obey(running: app.Running, file: Path, channel: Channel, events: asyncio.Queue[Message]) -> None:
    """Do what is said until it is to end, and all that was under way has ended or a second TERM has come."""
    leaving: set[asyncio.Task[None]] = set()

    def leave(seconds: float, idle_seconds: float | None) -> None:
        task = asyncio.create_task(running.drain(seconds, idle_seconds))
        leaving.add(task)
        task.add_done_callback(lambda _: events.put_nowait(_LEFT))

    while (event := await events.get()) is not _LEFT:
        match event["word"]:
            case "take":
                # Who is leaving must not begin to listen again; another one comes that has this configuration already.
                trouble = "" if leaving else await _take(running, file, event["text"])
                channel.say("answer", trouble=trouble)
            case "leave":
                leave(event["seconds"], event["idle_seconds"])
            case "term" if leaving:
                break
            case "term":  # somebody's, not the supervisor's: it puts another process in this one's place
                channel.say("leaving")
                leave(app.RETIRE_SECONDS, None)


async def _take(running: app.Running, file: Path, text: str) -> str:
    """What hindered it from taking a configuration; nothing: it is in force."""
    try:
        await running.reload((await asyncio.to_thread(Order.of, file, text)).configuration)
    except ConfigRefused as refused:  # a file that it names has changed since the supervisor looked
        return str(refused)
    except (GatewayError, OSError) as fault:
        return str(fault)
    return ""
