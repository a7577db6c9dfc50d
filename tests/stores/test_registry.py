"""The contract of a Registry, held to by SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

from gateway.core.lockout import Locked, LockoutLimits, LockState, Reserved, Stopped
from gateway.core.policy import TenantSettings
from gateway.core.subject import Feature
from gateway.stores.base import AlreadyEnrolled, AuditEvent, PendingEnrolment, SecondFactor
from gateway.stores.registry import SqlRegistry
from tests.given import given_establishment, given_office
from tests.stores.conftest import RING

WHO, OTHER, NOW = "B00000101", "B00000102", 1_800_000_000.0
LIMITS = LockoutLimits(tries=5, lock_seconds=1800, stop_after=20)


async def enrol(registry: SqlRegistry, login_id: str = WHO, step: int = 100) -> None:
    pending = await registry.begin_enrolment(login_id, b"sealed", "session", NOW, NOW + 600)
    assert isinstance(pending, PendingEnrolment)
    assert await registry.confirm_enrolment(login_id, pending.nonce, step, NOW + 1)


async def fail(registry: SqlRegistry, times: int, limits: LockoutLimits = LIMITS, now: float = NOW) -> None:
    for _ in range(times):
        assert isinstance(await registry.reserve_attempt(WHO, now, limits), Reserved)


async def test_a_confirmed_enrolment_is_the_second_factor(registry: SqlRegistry) -> None:
    assert await registry.second_factor(WHO) is None
    await enrol(registry, step=100)
    assert await registry.second_factor(WHO) == SecondFactor(WHO, b"sealed", NOW + 1, 100)
    assert await registry.second_factor(OTHER) is None


async def test_a_second_factor_is_never_enrolled_over(registry: SqlRegistry) -> None:
    await enrol(registry)
    assert await registry.begin_enrolment(WHO, b"thief", "thief", NOW + 2, NOW + 600) == AlreadyEnrolled()
    factor = await registry.second_factor(WHO)
    assert factor is not None
    assert factor.secret == b"sealed"


async def test_the_same_session_gets_its_secret_back_with_a_later_end(registry: SqlRegistry) -> None:
    first = await registry.begin_enrolment(WHO, b"first", "session", NOW, NOW + 600)
    again = await registry.begin_enrolment(WHO, b"second", "session", NOW + 500, NOW + 1100)
    assert isinstance(first, PendingEnrolment)
    assert again == replace(first, expires_at=NOW + 1100)
    ended = await registry.begin_enrolment(WHO, b"third", "session", NOW + 1100, NOW + 1700)
    assert isinstance(ended, PendingEnrolment)
    assert ended.secret == b"third"
    assert ended.nonce != first.nonce


async def test_only_the_last_secret_shown_can_be_confirmed(registry: SqlRegistry) -> None:
    first = await registry.begin_enrolment(WHO, b"first", "one session", NOW, NOW + 600)
    second = await registry.begin_enrolment(WHO, b"second", "another", NOW + 1, NOW + 601)
    assert isinstance(first, PendingEnrolment)
    assert isinstance(second, PendingEnrolment)
    assert await registry.pending_enrolment(WHO, first.nonce, NOW + 2) is None
    assert await registry.pending_enrolment(WHO, second.nonce, NOW + 2) == second
    assert await registry.pending_enrolment(OTHER, second.nonce, NOW + 2) is None
    assert not await registry.confirm_enrolment(WHO, first.nonce, 100, NOW + 2)
    assert not await registry.confirm_enrolment(OTHER, second.nonce, 100, NOW + 2)
    assert await registry.confirm_enrolment(WHO, second.nonce, 100, NOW + 2)
    factor = await registry.second_factor(WHO)
    assert factor is not None
    assert factor.secret == b"second"


async def test_an_ended_enrolment_cannot_be_confirmed(registry: SqlRegistry) -> None:
    pending = await registry.begin_enrolment(WHO, b"sealed", "session", NOW, NOW + 600)
    assert isinstance(pending, PendingEnrolment)
    assert await registry.pending_enrolment(WHO, pending.nonce, NOW + 600) is None
    assert not await registry.confirm_enrolment(WHO, pending.nonce, 100, NOW + 600)
    assert await registry.second_factor(WHO) is None


async def test_of_50_confirmations_one_counts(registry: SqlRegistry) -> None:
    pending = await registry.begin_enrolment(WHO, b"sealed", "session", NOW, NOW + 600)
    assert isinstance(pending, PendingEnrolment)
    done = await asyncio.gather(*(registry.confirm_enrolment(WHO, pending.nonce, n, NOW) for n in range(50)))
    assert sum(done) == 1


async def test_50_sessions_that_enrol_at_once_leave_one_secret(registry: SqlRegistry) -> None:
    begun = await asyncio.gather(
        *(registry.begin_enrolment(WHO, b"%d" % n, f"session {n}", NOW, NOW + 600) for n in range(50))
    )
    nonces = [pending.nonce for pending in begun if isinstance(pending, PendingEnrolment)]
    living = [nonce for nonce in nonces if await registry.pending_enrolment(WHO, nonce, NOW) is not None]
    assert len(nonces) == 50
    assert len(living) == 1


async def test_the_confirming_step_and_earlier_ones_are_used_up(registry: SqlRegistry) -> None:
    await enrol(registry, step=100)
    assert not await registry.accept_step(WHO, 99, NOW)
    assert not await registry.accept_step(WHO, 100, NOW)
    assert await registry.accept_step(WHO, 101, NOW)
    assert not await registry.accept_step(WHO, 101, NOW)


async def test_of_50_uses_of_a_step_one_is_accepted(registry: SqlRegistry) -> None:
    await enrol(registry, step=100)
    assert sum(await asyncio.gather(*(registry.accept_step(WHO, 101, NOW) for _ in range(50)))) == 1
    factor = await registry.second_factor(WHO)
    assert factor is not None
    assert factor.last_step == 101


async def test_no_step_is_accepted_without_a_second_factor(registry: SqlRegistry) -> None:
    assert not await registry.accept_step(WHO, 101, NOW)


async def test_a_success_clears_the_failures_and_a_refusal_does_not(registry: SqlRegistry) -> None:
    await enrol(registry, step=100)
    await fail(registry, 3)
    assert not await registry.accept_step(WHO, 100, NOW)
    assert await registry.lock_state(WHO) == LockState(failures=3, total=3)
    assert await registry.accept_step(WHO, 101, NOW)
    assert await registry.lock_state(WHO) == LockState()


async def test_a_confirmation_clears_the_failures(registry: SqlRegistry) -> None:
    await fail(registry, 3)
    await enrol(registry)
    assert await registry.lock_state(WHO) == LockState()


async def test_the_fifth_try_locks_by_itself(registry: SqlRegistry) -> None:
    outcomes = [await registry.reserve_attempt(WHO, NOW, LIMITS) for _ in range(6)]
    assert outcomes == [
        Reserved(4, None, stopped=False),
        Reserved(3, None, stopped=False),
        Reserved(2, None, stopped=False),
        Reserved(1, None, stopped=False),
        Reserved(0, NOW + 1800, stopped=False),
        Locked(NOW + 1800),
    ]
    assert isinstance(await registry.reserve_attempt(OTHER, NOW, LIMITS), Reserved), "another ID is not locked"


async def test_a_thousand_attempts_at_once_get_five_places(registry: SqlRegistry) -> None:
    outcomes = await asyncio.gather(*(registry.reserve_attempt(WHO, NOW, LIMITS) for _ in range(1000)))
    assert Counter(type(outcome) for outcome in outcomes) == {Reserved: 5, Locked: 995}
    assert sorted(outcome.left for outcome in outcomes if isinstance(outcome, Reserved)) == [0, 1, 2, 3, 4]
    assert await registry.lock_state(WHO) == LockState(5, 5, NOW + 1800)


async def test_after_the_lock_a_new_count_begins_and_the_total_goes_on(registry: SqlRegistry) -> None:
    await fail(registry, 5)
    assert await registry.reserve_attempt(WHO, NOW + 1799.9, LIMITS) == Locked(NOW + 1800)
    assert await registry.reserve_attempt(WHO, NOW + 1800, LIMITS) == Reserved(4, None, stopped=False)
    assert await registry.lock_state(WHO) == LockState(failures=1, total=6)


async def test_twenty_failures_in_a_row_stop_until_a_reset(registry: SqlRegistry) -> None:
    for lock in range(4):
        await fail(registry, 4, now=NOW + 1800 * lock)
        last = await registry.reserve_attempt(WHO, NOW + 1800 * lock, LIMITS)
        assert last == Reserved(0, NOW + 1800 * (lock + 1), stopped=lock == 3)
    assert await registry.reserve_attempt(WHO, NOW + 10**9, LIMITS) == Stopped()
    assert (await registry.lock_state(WHO)).stopped
    assert await registry.reset(WHO)
    assert await registry.reserve_attempt(WHO, NOW, LIMITS) == Reserved(4, None, stopped=False)


async def test_the_tries_left_count_down_to_the_stop_when_it_comes_first(registry: SqlRegistry) -> None:
    limits = LockoutLimits(tries=5, lock_seconds=1800, stop_after=2)
    assert await registry.reserve_attempt(WHO, NOW, limits) == Reserved(1, None, stopped=False)
    assert await registry.reserve_attempt(WHO, NOW, limits) == Reserved(0, None, stopped=True)
    assert await registry.reserve_attempt(WHO, NOW, limits) == Stopped()


async def test_without_a_stop_only_locks_follow(registry: SqlRegistry) -> None:
    limits = LockoutLimits(tries=1, lock_seconds=10, stop_after=None)
    for lock in range(30):
        outcome = await registry.reserve_attempt(WHO, NOW + 10 * lock, limits)
        assert outcome == Reserved(0, NOW + 10 * (lock + 1), stopped=False)


async def test_limits_of_one_hold_from_the_first_attempt(registry: SqlRegistry) -> None:
    limits = LockoutLimits(tries=1, lock_seconds=10, stop_after=1)
    assert await registry.reserve_attempt(WHO, NOW, limits) == Reserved(0, NOW + 10, stopped=True)
    assert await registry.reserve_attempt(WHO, NOW + 10, limits) == Stopped()


async def test_a_reset_forgets_everything_of_one_login_id(registry: SqlRegistry) -> None:
    assert not await registry.reset(WHO)
    await enrol(registry)
    await enrol(registry, OTHER)
    await fail(registry, 5)
    assert await registry.reset(WHO)
    assert await registry.second_factor(WHO) is None
    assert await registry.lock_state(WHO) == LockState()
    assert await registry.second_factor(OTHER) is not None
    pending = await registry.begin_enrolment(WHO, b"sealed", "session", NOW, NOW + 600)
    assert isinstance(pending, PendingEnrolment)
    assert await registry.reset(WHO)
    assert not await registry.confirm_enrolment(WHO, pending.nonce, 100, NOW)


async def test_settings_are_each_tenants_own(registry: SqlRegistry) -> None:
    assert await registry.office_settings("0001") is None
    assert await registry.establishment_settings("0001", "000101") is None
    office, establishment = TenantSettings(True), TenantSettings(True, frozenset({Feature.PAYSLIP_OWN}))
    await given_office(registry, "0001", office)
    await given_establishment(registry, "0001", "000101", establishment)
    assert await registry.office_settings("0001") == office
    assert await registry.office_settings("1") is None, "codes are strings as written"
    assert await registry.establishment_settings("0001", "000101") == establishment
    assert await registry.establishment_settings("0002", "000101") is None
    await given_office(registry, "0001", TenantSettings(False))
    await given_establishment(registry, "0001", "000101", TenantSettings(True, frozenset(Feature)))
    assert await registry.office_settings("0001") == TenantSettings(False)
    assert await registry.establishment_settings("0001", "000101") == TenantSettings(True, frozenset(Feature))


async def test_audit_events_come_back_in_order_as_they_were(registry: SqlRegistry) -> None:
    event = AuditEvent(
        NOW, "code.totp.refused", "ref-1", WHO, OTHER, "0001", "000101", "192.0.2.1", (("理由", "'誤り'"), ("a", "b"))
    )
    for at in (NOW + 2, NOW + 1, NOW + 1):
        await registry.record(replace(event, at=at, name=f"at {at - NOW:g}"))
    await registry.record(replace(event, reference="ref-2"))
    assert [found.name for found in await registry.audit_events("ref-1")] == ["at 1", "at 1", "at 2"]
    assert await registry.audit_events("ref-2") == [replace(event, reference="ref-2")]
    assert await registry.audit_events("ref-3") == []


async def test_the_first_fingerprint_noted_stays_until_it_is_replaced(registry: SqlRegistry) -> None:
    assert await registry.note_fingerprint("first") == "first"
    assert await registry.note_fingerprint("second") == "first"
    await registry.replace_fingerprint("second")
    assert await registry.note_fingerprint("third") == "second"


async def test_everything_survives_a_restart(registry_url: str) -> None:
    before = SqlRegistry(registry_url, RING)
    await before.start()
    await enrol(before, step=100)
    await fail(before, 5)
    await given_office(before, "0001", TenantSettings(True))
    await before.close()
    after = SqlRegistry(registry_url, RING)
    await after.start()
    assert await after.reserve_attempt(WHO, NOW, LIMITS) == Locked(NOW + 1800)
    assert not await after.accept_step(WHO, 100, NOW)
    assert await after.office_settings("0001") == TenantSettings(True)
    await after.close()


async def test_two_workers_share_one_count(registry_url: str) -> None:
    workers = [SqlRegistry(registry_url, RING) for _ in range(2)]
    outcomes = await asyncio.gather(*(workers[n % 2].reserve_attempt(WHO, NOW, LIMITS) for n in range(100)))
    assert Counter(type(outcome) for outcome in outcomes) == {Reserved: 5, Locked: 95}
    for worker in workers:
        await worker.close()


async def test_ping_answers(registry: SqlRegistry) -> None:
    await registry.ping()
