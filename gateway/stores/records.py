"""What a session record and a held value are, and their bytes before sealing.

A record is   0x02 | length of the JSON (4) | JSON | jar.   Held values are   0x01 | kind | length | JSON | body.
Raw bytes travel in JSON as Latin-1 text, so that every byte value survives. Bytes of another format do not decode
(ValueError): after an update that changed the format, such a session is unknown and its owner signs in anew.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from sys import intern
from typing import Any, Literal

from gateway.core.cookies import Jar
from gateway.core.messages import Answer
from gateway.core.session import Session
from gateway.core.subject import Kind, Subject

_RECORD = b"\x02"
_ANSWER = b"\x01A"
_FORM = b"\x01F"
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Continuation:
    """Where the person goes on after a code or a choice. `visit`: nothing is held, the browser just goes there."""

    target: bytes
    kind: Literal["answer", "form", "visit"]
    label: str


@dataclass(frozen=True, slots=True)
class HeldForm:
    """A form that waits for a code, to be sent as it came."""

    method: bytes
    target: bytes
    content_type: bytes
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """Everything kept of one signed-in browser. `enrolment` is the nonce of the enrolment page it was shown.

    `typed` is the login ID as it was typed at sign-in: the app may tell capitals apart where the canonical ID does not.
    `registration` is the registration code that was entered, sealed as it was issued. `news` is an enrolment that the
    person is told of in this session: when (Unix seconds), from which client address. `locked_at` is when the login
    ID's second factor was locked while this session was open.
    """

    session: Session
    jar: Jar
    csrf: str = field(repr=False)
    continuation: Continuation | None = None
    enrolment: str | None = None
    typed: str = field(default="", repr=False)
    registration: bytes | None = field(default=None, repr=False)
    news: tuple[float, str] | None = None
    locked_at: float | None = None


def encode_record(record: SessionRecord) -> bytes:
    """The record as bytes."""
    session, subject, going = record.session, record.session.subject, record.continuation
    fields = [
        [getattr(subject, name) for name in _SUBJECT_FIELDS],
        [session.app, session.password_at, session.seen_at, session.totp_at, session.restricted_at],
        record.csrf,
        None if going is None else [going.target.decode("latin-1"), going.kind, going.label],
        record.enrolment,
        record.typed,
        None if record.registration is None else record.registration.decode("latin-1"),
        record.news,
        record.locked_at,
    ]
    return _RECORD + _framed(fields) + record.jar.to_bytes()


def decode_record(data: bytes) -> SessionRecord:
    """The record of these bytes. Raises ValueError for another format."""
    fields, jar = _unframed(data, _RECORD)
    subject, session, csrf, going, enrolment, typed, registration, news, locked_at = fields
    login_id, kind, *rest = subject
    app, *times = session
    shared = [intern(text) for text in rest]  # tenants and roles are many people's: a worker keeps each once
    return SessionRecord(
        Session(Subject(login_id, Kind(kind), *shared), intern(app), *times),
        Jar.from_bytes(jar),
        csrf,
        None if going is None else Continuation(going[0].encode("latin-1"), going[1], going[2]),
        enrolment,
        typed,
        None if registration is None else registration.encode("latin-1"),
        None if news is None else (news[0], news[1]),
        locked_at,
    )


def encode_held(held: Answer | HeldForm) -> bytes:
    """An answer or a form as bytes."""
    if isinstance(held, Answer):
        headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in held.headers]
        return _ANSWER + _framed([held.status, held.reason.decode("latin-1"), headers]) + held.body
    fields = [text.decode("latin-1") for text in (held.method, held.target, held.content_type)]
    return _FORM + _framed(fields) + held.body


def decode_held(data: bytes) -> Answer | HeldForm:
    """The answer or form of these bytes. Raises ValueError for another format."""
    if data.startswith(_FORM):
        fields, body = _unframed(data, _FORM)
        method, target, content_type = (text.encode("latin-1") for text in fields)
        return HeldForm(method, target, content_type, body)
    (status, reason, headers), body = _unframed(data, _ANSWER)
    pairs = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers)
    return Answer(status, reason.encode("latin-1"), pairs, body)


_SUBJECT_FIELDS = ("login_id", "kind", "office", "establishment", "employee", "role", "name")


def _framed(fields: list[Any]) -> bytes:
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return _LENGTH.pack(len(text)) + text


def _unframed(data: bytes, prefix: bytes) -> tuple[list[Any], bytes]:
    start = len(prefix) + _LENGTH.size
    if not data.startswith(prefix) or len(data) < start:
        raise ValueError("not of this format")
    end = start + _LENGTH.unpack_from(data, len(prefix))[0]
    fields: list[Any] = json.loads(data[start:end].decode("utf-8", "surrogatepass"))
    return fields, data[end:]
