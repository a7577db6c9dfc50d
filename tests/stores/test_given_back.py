"""An attempt that nobody evaluated takes no place; one that was right forgets the others."""

from __future__ import annotations

import asyncio

from gateway.core.lockout import Locked, LockoutLimits, LockState, Reserved
from gateway.stores.registry import SqlRegistry

NOW = 1_800_000_000.0
LIMITS = LockoutLimits()
WHO, OTHER = "password:B00000101", "password:B00000102"


async def reserved(registry: SqlRegistry, limits: LockoutLimits = LIMITS) -> Reserved:
    attempt = await registry.reserve_attempt(WHO, NOW, limits)
    assert isinstance(attempt, Reserved)
    return attempt


async def test_an_attempt_that_is_given_back_was_never_counted(registry: SqlRegistry) -> None:
    await reserved(registry)
    await registry.give_back_attempt(WHO, await reserved(registry))
    assert await registry.lock_state(WHO) == LockState(failures=1, total=1)


async def test_the_lock_of_an_attempt_that_is_given_back_is_lifted(registry: SqlRegistry) -> None:
    for _ in range(4):
        await reserved(registry)
    last = await reserved(registry)
    assert last.locked_until is not None
    await registry.give_back_attempt(WHO, last)
    assert await registry.lock_state(WHO) == LockState(failures=4, total=4)


async def test_the_stop_of_an_attempt_that_is_given_back_is_lifted(registry: SqlRegistry) -> None:
    limits = LockoutLimits(stop_after=2)
    await reserved(registry, limits)
    last = await reserved(registry, limits)
    assert last.stopped
    await registry.give_back_attempt(WHO, last)
    assert await registry.lock_state(WHO) == LockState(failures=1, total=1)


async def test_the_lock_of_another_attempt_stays(registry: SqlRegistry) -> None:
    first, *_ = [await reserved(registry) for _ in range(5)]
    await registry.give_back_attempt(WHO, first)
    assert await registry.reserve_attempt(WHO, NOW, LIMITS) == Locked(NOW + 1800)


async def test_giving_back_more_than_was_counted_gives_no_more_tries(registry: SqlRegistry) -> None:
    attempt = await reserved(registry)
    await asyncio.gather(*(registry.give_back_attempt(WHO, attempt) for _ in range(3)))
    assert await registry.lock_state(WHO) == LockState()
    await registry.give_back_attempt(OTHER, attempt)
    assert await registry.lock_state(OTHER) == LockState()


async def test_a_right_password_forgets_the_wrong_ones_before_it_and_nobody_elses(registry: SqlRegistry) -> None:
    for _ in range(5):
        await reserved(registry)
    await registry.reserve_attempt(OTHER, NOW, LIMITS)
    await registry.clear_attempts(WHO)
    assert await registry.lock_state(WHO) == LockState()
    assert (await registry.lock_state(OTHER)).failures == 1
