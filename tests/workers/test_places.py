"""A place and who is in it, with processes that are none."""

from __future__ import annotations

import asyncio

import pytest

from gateway.workers.place import Place
from gateway.workers.process import Process, ProcessFailed


class Actor(Process):
    """Plays a process."""

    def __init__(self, pid: int, fault: str, text: str, code: int) -> None:
        self.name, self.pid, self.began = "worker 1", pid, asyncio.get_running_loop().time()
        self.lost, self.gone = asyncio.Event(), asyncio.Event()
        self.text = text
        self.told: list[str] = []
        self.fault = fault
        self.code = code

    async def ready(self, seconds: float) -> None:
        if self.fault:
            self.die()
            raise ProcessFailed(self.fault, self.code)

    async def take(self, text: str) -> str:
        self.told.append(text)
        return ""

    def leave(self, seconds: float, idle_seconds: float | None = None) -> None:
        self.told.append(f"leave, idle for {idle_seconds}")
        self.die()

    def kill(self) -> None:
        self.die()

    def die(self) -> None:
        self.lost.set()
        self.gone.set()

    async def ended(self) -> None:
        await self.gone.wait()

    @property
    def how(self) -> str:
        return "died"


class Stage:
    """A place, and everybody who was ever in it. `faults` keep the next ones from starting."""

    def __init__(self) -> None:
        self.actors: list[Actor] = []
        self.faults: list[str] = []
        self.code = 1
        self.slow = asyncio.Event()
        self.slow.set()
        self.text = ""
        self.pauses: list[float] = []
        self.rests: list[int] = []  # after how many actors
        self.resumes: list[int] = []
        rest, resume = (lambda: self.rests.append(len(self.actors))), (lambda: self.resumes.append(len(self.actors)))
        self.place = Place("worker 1", self._start, self._pause, rest, resume)

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def _start(self, name: str) -> Process:
        self.actors.append(Actor(len(self.actors), self.faults.pop(0) if self.faults else "", self.text, self.code))
        await self.slow.wait()
        return self.actors[-1]

    async def count(self, actors: int) -> None:
        async with asyncio.timeout(20):
            while len(self.actors) < actors:  # noqa: ASYNC110 - a count
                await asyncio.sleep(0.005)


async def test_the_former_one_leaves_when_the_new_one_answers() -> None:
    stage = Stage()
    await stage.place.fill()
    await stage.place.fill()
    assert stage.actors[0].told == ["leave, idle for None"]
    stage.text = "another configuration"
    await stage.place.fill()
    assert stage.actors[1].told == ["leave, idle for 1.0"]
    await stage.place.take("text")
    assert stage.actors[2].told == ["text"]
    await asyncio.sleep(0.05)
    assert len(stage.actors) == 3  # who leaves on purpose is not replaced


async def test_a_new_one_that_can_not_start_changes_nothing() -> None:
    stage = Stage()
    await stage.place.fill()
    stage.faults = ["no key file"]
    with pytest.raises(ProcessFailed, match="no key file"):
        await stage.place.fill()
    await stage.place.take("text")
    assert stage.actors[0].told == ["text"]


async def test_the_first_that_dies_is_replaced_at_once_the_next_after_longer_and_longer_pauses() -> None:
    stage = Stage()
    await stage.place.fill()
    stage.faults = [""] * 3 + ["no memory"] * 6
    for number in range(3):
        stage.actors[-1].die()
        await stage.count(number + 2)
        await asyncio.sleep(0.05)
    stage.actors[-1].die()
    await stage.count(11)
    await asyncio.sleep(0.05)
    assert stage.pauses == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert (await stage.place.take("text"), stage.actors[-1].told) == ("", ["text"])


async def test_connections_go_to_others_while_nobody_can_be_started_or_only_after_a_pause() -> None:
    stage = Stage()
    await stage.place.fill()
    stage.actors[-1].die()
    await stage.count(2)
    await asyncio.sleep(0.05)
    assert stage.rests == [], "replaced at once: what has connected waits for the next one"
    stage.faults = ["the registry does not answer"]
    stage.actors[-1].die()
    await stage.count(4)
    await asyncio.sleep(0.05)
    assert stage.rests == [2, 3, 3], "before the pause, after the fault, before the next pause"
    assert stage.resumes == [1, 2, 4], "when somebody is there"


async def test_a_start_that_takes_long_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.workers.place._EMPTY_SECONDS", 0.05)
    stage = Stage()
    await stage.place.fill()
    stage.slow.clear()
    stage.actors[-1].die()
    async with asyncio.timeout(20):
        while not stage.rests:  # noqa: ASYNC110 - a list
            await asyncio.sleep(0.005)
    assert (stage.rests, stage.resumes) == ([2], [1])
    stage.slow.set()
    async with asyncio.timeout(20):
        while len(stage.resumes) < 2:  # noqa: ASYNC110 - a list
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.1)
    assert (stage.rests, stage.resumes) == ([2], [1, 2])


async def test_while_a_store_is_silent_somebody_is_started_every_few_seconds() -> None:
    stage = Stage()
    await stage.place.fill()
    stage.faults, stage.code = ["the registry does not answer"] * 7, 3
    stage.actors[-1].die()
    await stage.count(9)
    assert stage.pauses == [0.0, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]


async def test_nobody_is_replaced_after_the_stop() -> None:
    stage = Stage()
    await stage.place.fill()
    stage.place.stop()
    stage.place.kill()
    await stage.place.emptied()
    await stage.place.fill()
    await asyncio.sleep(0.05)
    assert len(stage.actors) == 1
