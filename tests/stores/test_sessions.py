"""Sessions over every store: tokens are hashed, records sealed, changes never lost, tokens die at rotation."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import replace
from functools import partial

import pytest
from redis.asyncio import Redis

from gateway.core.cookies import Jar, VaultedCookie
from gateway.core.messages import Answer
from gateway.core.session import Session
from gateway.core.subject import Kind, Subject
from gateway.stores import redis_uses
from gateway.stores.base import SessionStore
from gateway.stores.memory import MemorySessions
from gateway.stores.records import decode_held, decode_record, encode_held, encode_record
from gateway.stores.redis import RedisSessions
from gateway.stores.sealing import KeyRing
from gateway.stores.sessions import Continuation, HeldForm, LiveSession, SessionRecord, Sessions
from tests.stores.clock import Clock

RING = KeyRing([b"k" * 32])
SUBJECT = Subject("B00000101", Kind.ESTABLISHMENT, "0001", "000101", "007", "manager", "山田 太郎")
JAR = Jar((VaultedCookie(b"JSESSIONID", b"\xff raw \x00", b"/kintai", None), VaultedCookie(b"k", b"", b"/", 12.5)))
ANSWER = Answer(302, b"Gefunden \xe9", ((b"Location", b"/top"), (b"X-Odd", b"\x83\x5c")), b"\x00body" * 1000)
FORM = HeldForm(b"POST", b"/apply?\xff", b"application/x-www-form-urlencoded", b"a=%82%A0")


def record(clock: Clock, login_id: str = "B00000101") -> SessionRecord:
    return SessionRecord(Session(replace(SUBJECT, login_id=login_id), "kintai", clock(), clock()), JAR, "csrf")


def sessions(store: SessionStore, clock: Clock, ring: KeyRing = RING) -> Sessions:
    return Sessions(store, ring, clock, lambda session: 3600 if session.subject.kind is Kind.ESTABLISHMENT else 60)


def with_csrf(text: str, before: SessionRecord) -> SessionRecord:
    return replace(before, csrf=before.csrf + text)


def key_of(token: bytes) -> bytes:
    return token[:2] + hashlib.sha256(token).digest()[:30]


async def test_a_session_is_found_by_its_token_alone(session_store: SessionStore, clock: Clock) -> None:
    found = sessions(session_store, clock)
    token = await found.open(record(clock))
    assert len(token) == 43
    live = await found.load(token)
    assert live is not None
    assert live.record == record(clock)
    assert found.peek(token) in (None, live)
    assert await found.load(token[:-1]) is None
    assert await found.load(key_of(token)) is None, "who reads the store cannot present what stands there"


async def test_a_session_of_another_process_is_read_from_the_store(session_store: SessionStore, clock: Clock) -> None:
    token = await sessions(session_store, clock).open(record(clock))
    live = await sessions(session_store, clock).load(token)
    assert live is not None
    assert live.record == record(clock)


async def test_the_store_sees_neither_token_nor_content(redis_url: str, clock: Clock, empty_redis_url: str) -> None:
    store = RedisSessions(empty_redis_url, clock)
    found = sessions(store, clock)
    token = await found.open(record(clock))
    await found.hold_answer(key_of(token), ANSWER)
    async with Redis.from_url(redis_url, protocol=2) as client:
        keys = await client.keys("*")
        assert len(keys) == 3
        stored = [str(await client.dump(key)) + str(key) for key in keys]
    await store.close()
    assert "B00000101" in "".join(stored)
    for told in (token.decode(), "JSESSIONID", "kintai", "csrf", "manager", "Location", "body"):
        assert told not in "".join(stored)


async def test_a_session_ends_at_its_absolute_limit(session_store: SessionStore, clock: Clock) -> None:
    found = sessions(session_store, clock)
    token = await found.open(record(clock))
    clock.forward(3599)
    live = await found.load(token)
    assert live is not None
    assert await found.update(live, lambda before: with_csrf("+", before)) is not None
    clock.forward(1)
    assert found.peek(token) is None
    assert await found.load(token) is None


async def test_no_parallel_change_is_lost(session_store: SessionStore, clock: Clock) -> None:
    found = sessions(session_store, clock)
    token = await found.open(record(clock))
    live = await found.load(token)
    assert live is not None
    await asyncio.gather(*(found.update(live, partial(with_csrf, f",{n}")) for n in range(12)))
    live = await found.load(token)
    assert live is not None
    assert sorted(live.record.csrf.split(",")[1:], key=int) == [str(n) for n in range(12)]
    assert found.peek(token) in (None, live)


async def test_a_change_that_changes_nothing_writes_nothing(session_store: SessionStore, clock: Clock) -> None:
    found = sessions(session_store, clock)
    live = await found.load(await found.open(record(clock)))
    assert live is not None
    assert await found.update(live, lambda before: before) is live


async def test_an_ended_session_is_not_brought_back_by_a_change(session_store: SessionStore, clock: Clock) -> None:
    found = sessions(session_store, clock)
    token = await found.open(record(clock))
    live = await found.load(token)
    assert live is not None
    assert await found.end(live)
    assert not await found.end(live)
    assert await found.update(live, lambda before: with_csrf("+", before)) is None
    assert await found.rotate(live, lambda before: with_csrf("+", before)) is None
    assert found.peek(token) is None


async def test_the_old_token_is_dead_after_rotation(session_store: SessionStore, clock: Clock) -> None:
    found = sessions(session_store, clock)
    old = await found.open(record(clock))
    live = await found.load(old)
    assert live is not None
    rotated = await found.rotate(live, lambda before: replace(before, enrolment="nonce"))
    assert rotated is not None
    new, after = rotated
    assert after.record == replace(record(clock), enrolment="nonce")
    assert found.peek(old) is None
    assert await found.load(old) is None
    assert await found.load(new) == after


async def test_of_20_rotations_one_gets_a_token(session_store: SessionStore, clock: Clock) -> None:
    found = sessions(session_store, clock)
    live = await found.load(await found.open(record(clock)))
    assert live is not None
    outcomes = await asyncio.gather(*(found.rotate(live, lambda before: with_csrf("+", before)) for _ in range(20)))
    won = [outcome for outcome in outcomes if outcome is not None]
    assert len(won) == 1
    assert await found.load(won[0][0]) == won[0][1]
    assert won[0][1].record.csrf == "csrf+"


async def test_a_rotation_keeps_what_was_changed_meanwhile(session_store: SessionStore, clock: Clock) -> None:
    found = sessions(session_store, clock)
    live = await found.load(await found.open(record(clock)))
    assert live is not None
    await found.update(live, lambda before: with_csrf("1", before))
    rotated = await found.rotate(live, lambda before: with_csrf("2", before))
    assert rotated is not None
    assert rotated[1].record.csrf == "csrf12"


@pytest.mark.parametrize("held", [ANSWER, FORM])
async def test_what_is_held_survives_rotation_and_is_taken_once(
    session_store: SessionStore, clock: Clock, held: Answer | HeldForm
) -> None:
    found = sessions(session_store, clock)
    live = await found.load(await found.open(record(clock)))
    assert live is not None
    await (found.hold_answer(live.key, held) if isinstance(held, Answer) else found.hold_form(live.key, held))
    rotated = await found.rotate(live, lambda before: with_csrf("+", before))
    assert rotated is not None
    assert await found.take_held(live.key) is None
    taken = await asyncio.gather(*(found.take_held(rotated[1].key) for _ in range(20)))
    assert [one for one in taken if one is not None] == [held]


async def test_nothing_is_held_for_a_session_that_is_gone(session_store: SessionStore, clock: Clock) -> None:
    found = sessions(session_store, clock)
    await found.hold_answer(b"nobody", ANSWER)
    assert await session_store.take_held(b"nobody") is None


async def test_all_sessions_of_a_login_id_end_together(session_store: SessionStore, clock: Clock) -> None:
    found = sessions(session_store, clock)
    tokens = [await found.open(record(clock)) for _ in range(3)]
    other = await found.open(record(clock, "B00000102"))
    assert await found.end_owner("B00000101") == 3
    assert [await found.load(token) for token in tokens] == [None] * 3
    assert await found.load(other) is not None


async def test_rows_swapped_in_the_store_do_not_open(clock: Clock) -> None:
    store = MemorySessions(clock)
    mine, theirs = [await sessions(store, clock).open(record(clock, who)) for who in ("B00000101", "B00000102")]
    stolen = await store.get(key_of(theirs))
    assert stolen is not None
    assert await store.replace(key_of(mine), 1, stolen.data, clock() + 60)
    assert await sessions(store, clock).load(mine) is None
    assert sessions(store, clock).peek(mine) is None


async def test_an_answer_held_for_another_person_does_not_open(clock: Clock) -> None:
    store = MemorySessions(clock)
    found = sessions(store, clock)
    mine, theirs = [await found.open(record(clock, who)) for who in ("B00000101", "B00000102")]
    await found.hold_answer(key_of(theirs), ANSWER)
    stolen = await store.take_held(key_of(theirs))
    assert stolen is not None
    await store.hold(key_of(mine), stolen, clock() + 60)
    assert await found.take_held(key_of(mine)) is None


async def test_a_row_of_a_lost_key_or_an_unknown_format_is_nobodys_session(clock: Clock) -> None:
    store = MemorySessions(clock)
    token = await sessions(store, clock).open(record(clock))
    assert await sessions(store, clock, KeyRing([b"x" * 32])).load(token) is None
    sealed = RING.seal(b"\x02 another format", b"session\0" + key_of(token))
    assert await store.replace(key_of(token), 1, sealed, clock() + 60)
    assert await sessions(store, clock).load(token) is None


async def known(found: Sessions, token: bytes) -> LiveSession:
    """The session once it is known without asking."""
    async with asyncio.timeout(20):
        while True:
            live = found.peek(token)
            if live is not None:
                return live
            await found.load(token)
            await asyncio.sleep(0.02)


async def test_what_is_peeked_is_the_same_object_until_something_changes(
    session_store: SessionStore, clock: Clock
) -> None:
    found = sessions(session_store, clock)
    token = await found.open(record(clock))
    first = await known(found, token)
    assert found.peek(bytes(bytearray(token))) is first
    assert await found.load(token) is first
    assert found.peek(token) in (None, first)
    changed = await found.update(first, lambda before: with_csrf("+", before))
    assert changed is not None
    assert changed is not first
    assert found.peek(token) in (None, changed)
    assert (await known(found, token)).record == changed.record


async def test_a_use_counts_at_once_here_and_costs_nothing(session_store: SessionStore, clock: Clock) -> None:
    found = sessions(session_store, clock)
    token = await found.open(record(clock))
    live = await known(found, token)
    used = found.touch(live, clock() + 30)
    assert used.record == replace(live.record, session=replace(live.record.session, seen_at=clock() + 30))
    assert used.version == live.version
    assert found.touch(used, clock() + 20) is used, "moves forward only"
    assert (await known(found, token)).record.session.seen_at == clock() + 30
    changed = await found.update(live, lambda before: with_csrf("+", before))
    assert changed is not None, "no version was spent"
    assert (await known(found, token)).record.session.seen_at == clock() + 30, "a change takes no use back"


async def test_a_use_elsewhere_is_found_before_a_session_is_taken_for_idle(shared_url: str, clock: Clock) -> None:
    stores = [RedisSessions(shared_url, clock) for _ in range(2)]
    here, there = (Sessions(store, RING, clock, lambda _: 7200, idle_seconds=lambda _: 1800) for store in stores)
    token = await here.open(record(clock))
    start = clock()
    first = await known(there, token)
    clock.forward(1799)
    assert await known(there, token) is first
    used = await here.load(token)
    assert used is not None
    here.touch(used, clock())
    async with asyncio.timeout(20):
        while (await there.load(token)) is first:
            assert there.peek(token) in (None, first), "a use elsewhere takes nothing away"
            await asyncio.sleep(0.01)
    clock.forward(1799)
    assert (await known(there, token)).record.session.seen_at == start + 1799
    clock.forward(1)
    assert there.peek(token) is None, "ask before it is taken for idle"
    idle = await there.load(token)
    assert idle is not None
    assert idle.record.session.seen_at == start + 1799, "the limits are for whoever asks to judge"
    for store in stores:
        await store.close()


async def test_uses_are_written_when_a_store_closes(
    shared_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_uses, "_FLUSH_SECONDS", 3600)
    before, after = (RedisSessions(shared_url, clock) for _ in range(2))
    token = await sessions(before, clock).open(record(clock))
    live = await sessions(before, clock).load(token)
    assert live is not None
    sessions(before, clock).touch(live, clock() + 30)
    await before.close()
    live = await sessions(after, clock).load(token)
    assert live is not None
    assert live.record.session.seen_at == clock() + 30
    await after.close()


async def test_limits_that_change_are_judged_by_at_once(clock: Clock) -> None:
    limit = [1800.0]
    found = Sessions(MemorySessions(clock), RING, clock, lambda _: 7200, idle_seconds=lambda _: limit[0])
    token = await found.open(record(clock))
    clock.forward(600)
    assert found.peek(token) is not None
    limit[0] = 300.0
    found.reconsider()
    assert found.peek(token) is None
    assert await found.load(token) is not None


async def test_a_lock_is_noted_in_every_session_of_the_login_id(session_store: SessionStore, clock: Clock) -> None:
    found = sessions(session_store, clock)
    tokens = [await found.open(record(clock)) for _ in range(2)]
    other = await found.open(record(clock, "B00000102"))
    await found.mark_locked("B00000101", clock() + 5)
    for token, locked_at in [(tokens[0], clock() + 5), (tokens[1], clock() + 5), (other, None)]:
        live = await found.load(token)
        assert live is not None
        assert live.record.locked_at == locked_at


async def test_a_session_keeps_its_place_when_it_moves(session_store: SessionStore, clock: Clock) -> None:
    found = sessions(session_store, clock)
    live = await found.load(await found.open(record(clock)))
    assert live is not None
    rotated = await found.rotate(live, lambda before: before)
    assert rotated is not None
    assert rotated[1].key[:2] == live.key[:2] == rotated[0][:2]
    assert len(rotated[0]) == 43
    assert rotated[0][2:] not in (live.key[2:], rotated[1].key[2:])


async def test_few_decoded_records_are_kept(clock: Clock) -> None:
    found = Sessions(MemorySessions(clock), RING, clock, lambda _: 3600, known=10)
    tokens = [await found.open(record(clock)) for _ in range(30)]
    assert len(found._by_key) == len(found._by_token) == 10
    assert all(found.peek(token) is not None for token in tokens)
    assert len(found._by_key) == len(found._by_token) == 10


async def test_nothing_of_an_ended_session_stays_in_memory(session_store: SessionStore, clock: Clock) -> None:
    found = sessions(session_store, clock)
    first, second = await found.open(record(clock)), await found.open(record(clock))
    ended, moved = await found.load(first), await found.load(second)
    assert ended is not None
    assert moved is not None
    assert found.peek(first) in (None, ended)
    await found.end(ended)
    await found.rotate(moved, partial(with_csrf, "+"))
    assert len(found._by_key) <= 1
    assert first not in found._by_token.entries
    assert second not in found._by_token.entries


async def test_a_jar_is_spent_once(session_store: SessionStore, clock: Clock) -> None:
    found = sessions(session_store, clock)
    assert not await found.jar_spent(b"jar 1")
    assert sum(await asyncio.gather(*(found.spend_jar(b"jar 1", clock() + 60) for _ in range(20)))) == 1
    assert await found.jar_spent(b"jar 1")
    assert not await found.jar_spent(b"jar 2")


def test_a_sealed_jar_is_safe_in_a_cookie_and_opens_with_its_id(clock: Clock) -> None:
    found = sessions(MemorySessions(clock), clock)
    value = found.seal_jar(JAR, b"\x00 jar id")
    assert set(value) <= set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert found.open_jar(value, 60) == (JAR, b"\x00 jar id")


def test_a_jar_that_is_old_or_from_the_future_does_not_open(clock: Clock) -> None:
    found = sessions(MemorySessions(clock), clock)
    value = found.seal_jar(JAR, b"jar id")
    clock.forward(60)
    assert found.open_jar(value, 60) is not None
    clock.forward(0.5)
    assert found.open_jar(value, 60) is None
    clock.forward(-200)
    assert found.open_jar(value, 60) is None


def test_a_jar_that_was_tampered_with_does_not_open(clock: Clock) -> None:
    found = sessions(MemorySessions(clock), clock)
    value = found.seal_jar(JAR, b"jar id")
    raw = base64.urlsafe_b64decode(value + b"=" * (-len(value) % 4))
    renamed = base64.urlsafe_b64encode(raw.replace(b"jar id", b"jar ix")).rstrip(b"=")
    for forged in (b"", b"A", b"!", b"\xff\xfe", renamed, value[:-4], value + b"AAAA", b"/" + value[1:]):
        assert found.open_jar(forged, 60) is None


def test_sealed_things_of_one_kind_do_not_open_as_another(clock: Clock) -> None:
    found = sessions(MemorySessions(clock), clock)
    as_session = RING.seal(encode_record(record(clock)), b"session\0" + b"jar id")
    assert found.open_jar(base64.urlsafe_b64encode(b"\x06jar id" + as_session), 60) is None


def test_records_come_back_as_they_were(clock: Clock) -> None:
    session = replace(record(clock).session, totp_at=1.5, restricted_at=2.25)
    for going in (None, Continuation(b"/\xff?\x83", "form", "届出 📄")):
        full = SessionRecord(session, JAR, "csrf", going, "nonce")
        assert decode_record(encode_record(full)) == full


def test_a_record_beside_its_cookies_is_at_most_1_kib(clock: Clock) -> None:
    subject = Subject("B" * 128, Kind.ESTABLISHMENT, "0" * 16, "0" * 16, "0" * 16, "manager", "漢" * 40)
    going = Continuation(b"/" + b"x" * 300, "answer", "漢" * 20)
    session = Session(subject, "attendance", clock() + 0.123456, clock(), clock(), clock())
    assert len(encode_record(SessionRecord(session, Jar(), "c" * 43, going, "n" * 22))) <= 1024


@pytest.mark.parametrize("held", [ANSWER, FORM, Answer(200, b"", ())])
def test_held_values_come_back_as_they_were(held: Answer | HeldForm) -> None:
    assert decode_held(encode_held(held)) == held


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\x01\x00\x00\x00\x09{", b"\x02" * 40, b"\x01A", b"\x01F\x00\x00\x00\x01["]
)
def test_bytes_of_another_format_are_refused(data: bytes) -> None:
    for decode in (decode_record, decode_held):
        with pytest.raises(ValueError):
            decode(data)
