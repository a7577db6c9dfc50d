"""Retention: what is too old goes, in pieces; nothing that fails ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.core.errors import StoreUnavailable
from gateway.retention import HOUR, PIECE, Retention

NOW = 1_795_230_000.0
DAY = 86_400.0


class Registry:
    """Remembers what it was asked and answers as it is told; a fault is raised."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[float, int]] = []

    async def prune_events(self, before: float, at_most: int) -> int:
        self.asked.append((before, at_most))
        answer = self.answers.pop(0) if self.answers else 0
        if isinstance(answer, Exception):
            raise answer
        return answer


def sleeper(slept: list[float], rounds: int) -> Callable[[float], Awaitable[object]]:
    """Passes the time at once, and for ever after so many hours."""

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(0)
        if slept.count(HOUR) >= rounds:
            await asyncio.Event().wait()

    return sleep


async def run(registry: Registry, keep: float | None, rounds: int = 1) -> list[float]:
    slept: list[float] = []
    retention = Retention(registry, keep, lambda: NOW, sleeper(slept, rounds))
    retention.start()
    for _ in range(100):
        await asyncio.sleep(0)
    await retention.close()
    return slept


async def test_once_an_hour_everything_older_goes_in_pieces() -> None:
    registry = Registry(PIECE, PIECE, 7)
    slept = await run(registry, 400 * DAY, rounds=2)
    assert registry.asked == [(NOW - 400 * DAY, PIECE)] * 4
    assert slept == [60.0, 0.2, 0.2, HOUR, HOUR]


async def test_for_ever_means_that_nothing_is_asked() -> None:
    registry = Registry()
    assert await run(registry, None) == []
    assert registry.asked == []


@pytest.mark.parametrize("fault", [StoreUnavailable("registry", "down"), RuntimeError("a fault of ours")])
async def test_what_fails_is_logged_and_tried_again_in_an_hour(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    registry = Registry(fault, 3)
    assert await run(registry, DAY, rounds=2) == [60.0, HOUR, HOUR]
    assert len(registry.asked) == 2
    assert "retention of the audit record" in caplog.text


async def test_closing_ends_it_in_the_middle_and_twice_is_no_fault() -> None:
    retention = Retention(Registry(), DAY, lambda: NOW)
    retention.start()
    await asyncio.sleep(0)
    await asyncio.wait_for(retention.close(), 1)
    await asyncio.wait_for(retention.close(), 1)
