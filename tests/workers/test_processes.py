"""What the supervisor makes of a process that says nothing, or nothing that helps."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.workers import process as processes
from gateway.workers.channel import Channel
from gateway.workers.process import Process, ProcessFailed


@asynccontextmanager
async def started(program: str) -> AsyncIterator[tuple[Process, Channel]]:
    """A process that runs this, and the end of the channel that would be its own."""
    ours, theirs = socket.socketpair()
    made = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    process = Process("worker 1", "", made, await Channel.over(ours), 0.0)
    channel = await Channel.over(theirs)
    try:
        yield process, channel
    finally:
        process.kill()
        channel.close()
        await process.ended()


async def test_one_that_stands_still_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "BEAT_SECONDS", 0.05)
    async with started("import time; time.sleep(60)") as (process, channel):
        channel.say("ready")
        await process.ready(20)
        for _ in range(12):
            channel.say("alive")
            await asyncio.sleep(0.05)
        assert process.how == "is leaving"
        await asyncio.wait_for(process._process.wait(), 20)
        assert process.how == "was ended by SIGKILL"


async def test_one_that_ends_before_it_is_ready_says_why() -> None:
    async with started("") as (process, channel):
        channel.say("failed", message="no key file", code=3)
        channel.close()
        with pytest.raises(ProcessFailed, match="no key file") as caught:
            await process.ready(20)
        assert caught.value.code == 3
        assert process.lost.is_set()


async def test_one_that_is_not_ready_in_time_is_ended() -> None:
    async with started("import time; time.sleep(60)") as (process, channel):
        with pytest.raises(ProcessFailed, match="not ready within 0 s"):
            await process.ready(0.01)
        channel.close()
        await asyncio.wait_for(process.ended(), 20)


async def test_a_configuration_is_not_taken_by_one_that_dies_meanwhile() -> None:
    async with started("import time; time.sleep(60)") as (process, channel):
        channel.say("ready")
        await process.ready(20)
        asking = asyncio.create_task(process.take("text"))
        assert (await channel.hear()) == {"word": "take", "text": "text"}
        process.kill()
        channel.close()
        assert await asking == "was ended by SIGKILL"


async def test_one_that_is_told_to_leave_finishes_what_is_under_way_unless_it_has_not_begun() -> None:
    async with started("import time; time.sleep(60)") as (process, channel):
        channel.say("ready")
        await process.ready(20)
        process.leave(25.0, 1.0)
        assert (await channel.hear()) == {"word": "leave", "seconds": 25.0, "idle_seconds": 1.0}
    async with started("import time; time.sleep(60)") as (process, channel):
        process.leave(25.0, 1.0)
        await asyncio.wait_for(process._process.wait(), 20)
        assert process.how == "was ended by SIGKILL"
