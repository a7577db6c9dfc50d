"""Sessions as the gateway means them, over any SessionStore.

    browser's cookie ── SHA-256 ──► key ── SessionStore ──► sealed bytes ── KeyRing(owner = key) ──► SessionRecord

The store sees neither tokens nor what a record says, and a row copied under another key does not open (rule 8).
Anonymous browsers cost the store nothing (`jars`): only a jar that was spent at a sign-in leaves a mark.

What was decoded is kept for the sessions in use, found by the cookie's value itself. It counts for as long as the store
says that it is current, up to the session's end as known here: then the store is asked, which may know of later use.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from gateway.core.errors import SealBroken, StoreUnavailable
from gateway.core.messages import Answer
from gateway.core.session import Session
from gateway.stores.base import SessionStore, Stored
from gateway.stores.jars import SealedJars
from gateway.stores.recent import Recent
from gateway.stores.records import (
    Continuation,
    HeldForm,
    SessionRecord,
    decode_held,
    decode_record,
    encode_held,
    encode_record,
)
from gateway.stores.sealing import KeyRing

__all__ = ["Continuation", "HeldForm", "LiveSession", "SessionRecord", "Sessions"]

_ROUNDS = 20  # of compare and swap; each lost round is another request's success
_OWNERS = 1000  # login IDs asked about in one operation of the store
_SHARED = 2  # bytes at the beginning of a token, and of its key, that stay when a session moves to a new token


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A record as it stood at one version of its key, used last at `record.session.seen_at` as far as is known here."""

    key: bytes
    version: int
    record: SessionRecord


@dataclass(slots=True)
class _Known:
    """A decoded session, and until when (Unix seconds) it may be judged without asking the store."""

    stored: Stored
    live: LiveSession
    until: float
    used: bool = False
    token: bytes = b""  # by which it was found last


Change = Callable[[SessionRecord], SessionRecord]


class Sessions(SealedJars):
    """Opens, finds, changes and ends sessions. Every method but `peek` and the jar's two may raise StoreUnavailable."""

    def __init__(
        self,
        store: SessionStore,
        keys: KeyRing,
        clock: Callable[[], float],
        absolute_seconds: Callable[[Session], float],
        *,
        idle_seconds: Callable[[Session], float] = lambda _: float("inf"),
        held_seconds: float = 3600,  # longer than a lock-out: whoever waits for its end still gets the held answer
        known: int = 20_000,
    ) -> None:
        """`absolute_seconds`: how long after the password a session ends whatever happens; `idle_seconds`: how long
        after its last use. `known`: decoded records kept in memory."""
        super().__init__(keys, clock)
        self._store = store
        self._absolute_seconds = absolute_seconds
        self._idle_seconds = idle_seconds
        self._held_seconds = held_seconds
        self._by_token: Recent[bytes, _Known] = Recent(known)
        self._by_key: Recent[bytes, _Known] = Recent(known)
        self._at_hand = self._by_token.entries.get
        self._current = store.current

    def peek(self, token: bytes) -> LiveSession | None:
        """The session of this cookie value if this process knows it to be current, without I/O.

        The same object as long as nothing of it has changed.
        """
        known = self._at_hand(token)
        if known is not None and self._clock() < known.until and self._current(known.stored):
            known.used = True
            return known.live
        return self._peek(token)

    async def load(self, token: bytes) -> LiveSession | None:
        """The session of this cookie value as the store has it now; None when there is none or it does not open."""
        live = await self._load(_key(token))
        if live is not None:
            self._recall(token, live.key)
        return live

    async def open(self, record: SessionRecord) -> bytes:
        """Begin a session under a new token, which only the browser learns."""
        token = _new_token()
        key = _key(token)
        owner = record.session.subject.login_id
        await self._store.create(key, self._sealed(key, record), owner, self._expires_at(record))
        self._wrote(LiveSession(key, 1, record))
        self._recall(token, key)
        return token

    def touch(self, live: LiveSession, now: float) -> LiveSession:
        """The session was used now. Costs no I/O: the store writes it later, with others (SessionStore.touch)."""
        used = _seen(live, now)
        if used is not live:
            self._store.touch(live.key, now)
            known = self._by_key.entries.get(live.key)
            if known is not None and known.live is live:
                known.live, known.until = used, self._until(known.stored, used)
        return used

    async def update(self, live: LiveSession, change: Change) -> LiveSession | None:
        """Apply `change` to the record as it is now; None when the session is gone.

        `change` may be called several times and must depend on its argument alone: requests of one browser run
        side by side and each must keep what the others wrote.
        """
        for _ in range(_ROUNDS):
            record = change(live.record)
            if record is live.record:
                return live
            data, expires_at = self._sealed(live.key, record), self._expires_at(record)
            if await self._store.replace(live.key, live.version, data, expires_at):
                return self._wrote(LiveSession(live.key, live.version + 1, record))
            current = await self._load(live.key)
            if current is None:
                return None
            live = current
        raise StoreUnavailable("sessions", "a session changed too often to be updated")

    async def rotate(self, live: LiveSession, change: Change) -> tuple[bytes, LiveSession] | None:
        """Move the session to a new token, changed; the old token is dead at once (R-032). None when it is gone:
        of two concurrent calls one wins."""
        token = _new_token(live.key[:_SHARED])
        new = _key(token)
        for _ in range(_ROUNDS):
            record = change(live.record)
            owner, data = record.session.subject.login_id, self._sealed(new, record)
            if await self._store.rotate(live.key, new, live.version, data, owner, self._expires_at(record)):
                self._forget(live.key)
                after = self._wrote(LiveSession(new, 1, record))
                self._recall(token, new)
                return token, after
            current = await self._load(live.key)
            if current is None:
                return None
            live = current
        raise StoreUnavailable("sessions", "a session changed too often to be rotated")

    async def end(self, live: LiveSession) -> bool:
        """Forget the session, its vault and what is held; True when it was there."""
        return await self.end_key(live.key)

    async def end_key(self, key: bytes) -> bool:
        """As `end`, by key."""
        self._forget(key)
        return await self._store.remove(key)

    async def end_owner(self, login_id: str) -> int:
        """Forget every session of a login ID; how many there were."""
        return await self._store.remove_owner(login_id)

    async def mark_locked(self, login_id: str, now: float) -> None:
        """Note in each session of a login ID that its second factor was locked now: what is open under it ends (B4)."""
        for key in await self._store.owned(login_id):
            live = await self._load(key)
            if live is not None:
                await self.update(live, lambda record: replace(record, locked_at=now))

    def reconsider(self) -> None:
        """Limits have changed: what is known is judged by them, once the store has said anew how it stands."""
        self._by_token.clear()
        self._by_key.clear()

    async def present(self, login_ids: Iterable[str]) -> int:
        """How many of these login IDs are signed in now."""
        return sum([await self._store.present(batch) for batch in _batches(login_ids)])

    async def hold_answer(self, key: bytes, answer: Answer) -> None:
        """Keep an app's answer until `take_held`. Nothing is kept for a session that is gone."""
        await self._hold(key, answer)

    async def hold_form(self, key: bytes, form: HeldForm) -> None:
        """Keep a form until `take_held`. Nothing is kept for a session that is gone."""
        await self._hold(key, form)

    async def take_held(self, key: bytes) -> Answer | HeldForm | None:
        """Claim what is held, once; None when there is nothing, or another request was first."""
        live = await self._load(key)
        sealed = None if live is None else await self._store.take_held(key)
        if live is None or sealed is None:
            return None
        try:
            return decode_held(self._keys.open(sealed, _held_owner(live)))
        except (SealBroken, ValueError):
            return None

    async def spend_jar(self, jar_id: bytes, until: float) -> bool:
        """Claim an anonymous jar for a sign-in; False when it was spent before: a copy of the cookie is worthless."""
        return await self._store.mark(_spent_name(jar_id), until)

    async def jar_spent(self, jar_id: bytes) -> bool:
        """Whether this jar became a session already."""
        return await self._store.marked(_spent_name(jar_id))

    def _peek(self, token: bytes) -> LiveSession | None:
        known = self._by_token.get(token)
        if known is None or not self._current(known.stored):
            key = _key(token)
            stored = self._store.peek(key)
            known = None if stored is None else self._known(key, stored)
            if known is None:
                return None
            self._name(token, known)
        return known.live if self._clock() < known.until else None

    async def _load(self, key: bytes) -> LiveSession | None:
        stored = await self._store.get(key)
        known = None if stored is None else self._known(key, stored)
        return None if known is None else known.live

    def _known(self, key: bytes, stored: Stored) -> _Known | None:
        """Decode, or give what was decoded of the same version. A row that does not open is nobody's session."""
        known = self._by_key.get(key)
        if known is not None and known.live.version == stored.version:
            live = _seen(known.live, stored.seen_at)
        else:
            try:
                record = decode_record(self._keys.open(stored.data, _record_owner(key)))
            except (SealBroken, ValueError):
                return None
            live = _seen(LiveSession(key, stored.version, record), stored.seen_at)
        return self._remember(stored, live)

    def _remember(self, stored: Stored, live: LiveSession) -> _Known:
        known = self._by_key.get(live.key)
        if known is None or not stored.stands:  # what is outdated already serves its reader alone
            known = _Known(stored, live, self._until(stored, live))
            if stored.stands:
                self._by_key.put(live.key, known)
        else:
            known.stored, known.live, known.until = stored, live, self._until(stored, live)
        return known

    def _wrote(self, live: LiveSession) -> LiveSession:
        """Keep what was written a moment ago, unless something newer is known already."""
        stored = self._store.peek(live.key)
        if stored is not None and stored.version == live.version:
            live = _seen(live, stored.seen_at)  # used meanwhile
            self._remember(stored, live)
        return live

    def _recall(self, token: bytes, key: bytes) -> None:
        known = self._by_key.entries.get(key)
        if known is not None:
            self._name(token, known)

    def _name(self, token: bytes, known: _Known) -> None:
        known.token = token
        self._by_token.put(token, known)

    def _forget(self, key: bytes) -> None:
        """A session that has ended: its vault does not stay in this process's memory."""
        known = self._by_key.pop(key)
        if known is not None:
            self._by_token.pop(known.token)

    def _until(self, stored: Stored, live: LiveSession) -> float:
        session = live.record.session
        return min(stored.expires_at, session.seen_at + self._idle_seconds(session))

    async def _hold(self, key: bytes, held: Answer | HeldForm) -> None:
        live = await self._load(key)
        if live is not None:
            sealed = self._keys.seal(encode_held(held), _held_owner(live))
            await self._store.hold(key, sealed, self._clock() + self._held_seconds)

    def _sealed(self, key: bytes, record: SessionRecord) -> bytes:
        return self._keys.seal(encode_record(record), _record_owner(key))

    def _expires_at(self, record: SessionRecord) -> float:
        return record.session.password_at + self._absolute_seconds(record.session)


def _batches(login_ids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(login_ids)
    while batch := list(islice(rest, _OWNERS)):
        yield batch


def _new_token(beginning: bytes = b"") -> bytes:
    """43 characters of chance, the first of them given: the other 41 hold 244 bits."""
    return beginning + secrets.token_urlsafe(32).encode("ascii")[len(beginning) :]


def _key(token: bytes) -> bytes:
    """What a store knows a token by: its first characters, which say where it is kept, and a hash."""
    return token[:_SHARED] + hashlib.sha256(token).digest()[:30]


def _seen(live: LiveSession, at: float) -> LiveSession:
    """The session used at this time too: limits count from its latest use."""
    session = live.record.session
    if at <= session.seen_at:
        return live
    return LiveSession(live.key, live.version, replace(live.record, session=replace(session, seen_at=at)))


# One owner per purpose: a sealed jar never opens as a record, nor a held form as a secret.


def _record_owner(key: bytes) -> bytes:
    return b"session\0" + key


def _held_owner(live: LiveSession) -> bytes:
    """The login ID, not the key: a held value moves with `rotate`, sealed as it is."""
    return b"held\0" + live.record.session.subject.login_id.encode()


def _spent_name(jar_id: bytes) -> bytes:
    return b"spent\0" + jar_id
