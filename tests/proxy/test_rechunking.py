"""However the bytes are cut, delayed and broken off on both sides: no two answers are mixed, no byte is lost, no
connection leaks.

`RECHUNKING=20000 pytest tests/proxy/test_rechunking.py` plays that many scenes, others each time.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import struct
from collections import defaultdict

import uvloop
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.config.settings import Limits, ListenAddress
from gateway.core.messages import RequestHead, ResponseHead
from gateway.proxy.actions import Action, Peer, ResponsePlan
from gateway.proxy.server import Lane
from gateway.proxy.upstreams import Place
from tests.proxy.lane_kit import RawApp, Reader, ScriptedGate, Writer, dechunked, forward, plain_plan, short_way, until
from tests.proxy.scenes import Ask, Line, Name, Scene, Sight, Told, cut, scenes, stuff
from tests.proxy.verdicts import Delivery, judge, read_answer

_LONG = int(os.environ.get("RECHUNKING", "0"))
_settings = settings(
    max_examples=_LONG or 80,
    derandomize=not _LONG,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink) if _LONG else (Phase.generate,),  # shrinking plays hundreds of scenes
)
_SECONDS = 20.0  # nothing in a scene takes long: what is not there by then never comes


def reset(writer: Writer) -> None:
    """Close by a reset instead of an end."""
    if writer.is_closing():
        return
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class _Same:
    """A filter that changes nothing but holds a little back."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        data, self._held = self._held + data, data[-3:]
        return data[: len(data) - len(self._held)] if self._held else data

    def finish(self) -> bytes:
        return self._held


class Stage:
    """Plays one scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.deliveries: dict[Name, list[Delivery]] = defaultdict(list)
        self.open = 0  # the app's connections
        self._pauses = itertools.cycle(scene.pauses)

    async def _send(self, writer: Writer, data: bytes, sizes: list[int]) -> None:
        for piece in cut(data, sizes):
            if writer.is_closing():
                raise ConnectionError
            writer.write(piece)
            pause = next(self._pauses)
            if pause:
                await asyncio.sleep(0 if pause == 1 else 0.001)
        await writer.drain()

    async def app(self, reader: Reader, writer: Writer) -> None:
        """One connection of the app."""
        self.open += 1
        try:
            for nth in itertools.count():
                head = await reader.readuntil(b"\r\n\r\n")
                first, second = head.split(b" ")[1].split(b"/")[1:]
                if not await self._tell((int(first), int(second)), nth, head, reader, writer):
                    break
        finally:
            self.open -= 1

    async def _tell(self, name: Name, nth: int, head: bytes, reader: Reader, writer: Writer) -> bool:
        """Answer one request; whether the connection goes on."""
        ask, told = self.scene.pair(name)
        before = self.deliveries[name]
        number = len(before)
        before.append(Delivery(nth, whole=False))
        if told.early == "no":
            await self._take_body(reader, name, ask, head)
            before[number] = Delivery(nth, whole=True)
        if told.dies and not number:
            return self._hang_up(writer, told)
        data, complete = told.cut(ask, name, self.scene.down)
        # Surplus comes in one piece with its answer: what comes later may meet the next request, in HTTP itself.
        await self._send(writer, data, [len(data)] if told.surplus else self.scene.down)
        if not complete:
            return self._hang_up(writer, told)
        if told.early == "drain":
            await self._take_body(reader, name, ask, head)
        return told.end == "keep" and told.early != "drop"

    def _hang_up(self, writer: Writer, told: Told) -> bool:
        if told.hard:
            reset(writer)
        return False

    async def _take_body(self, reader: Reader, name: Name, ask: Ask, head: bytes) -> None:
        assert head.startswith(ask.method.encode() + b" ")
        wanted = stuff("up", name, ask.body or 0)
        if b"\r\nTransfer-Encoding: chunked\r\n" in head:
            assert await dechunked(reader) == wanted, f"{name}: another body"
        else:
            assert await reader.readexactly(len(wanted)) == wanted, f"{name}: another body"

    def admit(self, head: RequestHead, peer: Peer, has_body: bool) -> Action:
        """What the gate says."""
        action = forward(head, peer, has_body)
        action.plain = self.scene.gate == "plain"
        if self.scene.gate == "later":
            action.on_response = self._plan_later
        elif self.scene.gate == "filter":
            action.on_response = self._plan_filter
        return action

    async def _plan_later(self, head: ResponseHead) -> ResponsePlan:
        await asyncio.sleep(0)
        return plain_plan(head)

    def _plan_filter(self, head: ResponseHead) -> ResponsePlan:
        return ResponsePlan(plain_plan(head).headers, _Same())

    async def browse(self, number: int, port: int) -> Sight:
        """Play one browser to its end."""
        line, sight = self.scene.lines[number], Sight()
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096 if line.slow else 1 << 16)
        looking = asyncio.create_task(self._look(line, sight, reader))
        sending = asyncio.create_task(self._ask(number, line, sight, writer, looking))
        await asyncio.wait((looking, sending), return_when=asyncio.FIRST_COMPLETED)
        if not looking.done() and not (sending.done() and line.leaves_sending is not None):
            await looking
        for task in (looking, sending):
            if task.done():
                task.result()
            task.cancel()
        if line.hard:
            reset(writer)
        writer.close()
        return sight

    async def _ask(self, number: int, line: Line, sight: Sight, writer: Writer, looking: asyncio.Task[None]) -> None:
        messages = [ask.wire((number, place), self.scene.up) for place, (ask, _) in enumerate(line.pairs)]
        left = sum(map(len, messages))
        if line.leaves_sending is not None:
            left = int(left * line.leaves_sending)
        try:
            if line.pipelined:
                await self._send(writer, b"".join(messages)[:left], self.scene.up)
                return
            for place, message in enumerate(messages):
                await self._send(writer, message[:left], self.scene.up)
                left -= min(left, len(message))
                while left and len(sight.answers) <= place and not looking.done():  # noqa: ASYNC110 - the reader counts
                    await asyncio.sleep(0.001)
        except ConnectionError:
            pass

    async def _look(self, line: Line, sight: Sight, reader: Reader) -> None:
        total = 0
        while len(sight.answers) < len(line.pairs) or not line.pairs[-1][0].keep:
            try:
                data = await reader.read(1 << 16)
                sight.end = "open" if data else "eof"
            except ConnectionError:
                data, sight.end = b"", "reset"
            sight.rest += data
            total += len(data)
            self._read(line, sight)
            if not data or (line.leaves_seeing is not None and total >= line.leaves_seeing):
                return
            if line.slow:
                await asyncio.sleep(0.001)

    @staticmethod
    def _read(line: Line, sight: Sight) -> None:
        while len(sight.answers) < len(line.pairs) and sight.rest:
            ask = line.pairs[len(sight.answers)][0]
            read = read_answer(sight.rest, ask, ended=sight.end == "eof")
            if read is None:
                return
            answer, sight.rest = read
            sight.answers.append(answer)


async def _play(scene: Scene, *, short: bool) -> None:
    stage = Stage(scene)
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    apps = [RawApp(stage.app) for _ in range(scene.addresses)]
    where = Place(tuple([("127.0.0.1", await app.start()) for app in apps]))
    shortcut = short_way(stage.admit) if short else None
    lane = Lane(ScriptedGate(stage.admit), {"app": where}, Limits(pool_size=scene.pool), shortcut=shortcut)
    (port,) = await lane.start((ListenAddress("127.0.0.1", 0),))
    pool = lane.pools["app"]
    async with asyncio.timeout(_SECONDS):
        sights = await asyncio.gather(*(stage.browse(number, port) for number in range(len(scene.lines))))
        await until(lambda: not lane.connections and not lane._shared.tasks and pool.size == pool.idle == stage.open)
    await lane.close()
    await until(lambda: pool.size == 0 and stage.open == 0)
    for app in apps:
        await app.stop()
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
    assert not faults, faults
    stale = any(told.end == "silent" or told.early == "drop" for line in scene.lines for _, told in line.pairs)
    for number, sight in enumerate(sights):
        judge(scene, number, sight, stage.deliveries, stale=stale)


@_settings
@given(scenes())
def test_scenes_on_uvloop(scene: Scene) -> None:
    uvloop.run(_play(scene, short=False))


@_settings
@given(scenes())
def test_scenes_on_asyncio(scene: Scene) -> None:
    asyncio.run(_play(scene, short=False))


@_settings
@given(scenes(pages=True), st.booleans())
def test_scenes_of_the_short_way(scene: Scene, other_loop: bool) -> None:
    (asyncio if other_loop else uvloop).run(_play(scene, short=True))
