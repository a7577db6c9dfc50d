"""What ends in a log or a trace by its repr shows no secret."""

from __future__ import annotations

import pytest

from gateway.core.jar import Jar, VaultedCookie
from gateway.core.messages import Answer
from gateway.core.session import Session
from gateway.core.subject import Kind, Subject
from gateway.portal.second_factor import Enrolment
from gateway.stores.base import PendingEnrolment, SecondFactor
from gateway.stores.records import HeldForm, SessionRecord

HIDDEN = "HIDDEN"
_JAR = Jar((VaultedCookie(b"SID", HIDDEN.encode(), b"/", None),))
_SESSION = Session(Subject("A1", Kind.OFFICE), "portal", password_at=1.0, seen_at=1.0)
VALUES = (
    _JAR,
    HeldForm(b"POST", b"/", b"application/x-www-form-urlencoded", b"password=" + HIDDEN.encode()),
    Answer(200, b"OK", (), HIDDEN.encode()),
    Enrolment(HIDDEN, "nonce", 1.0),
    PendingEnrolment("A1", HIDDEN.encode(), "nonce", 1.0),
    SecondFactor("A1", HIDDEN.encode(), 1.0, 1),
    SessionRecord(_SESSION, _JAR, HIDDEN),
)


@pytest.mark.parametrize("value", VALUES, ids=[type(value).__name__ for value in VALUES])
def test_a_repr_shows_no_secret(value: object) -> None:
    assert HIDDEN not in repr(value)
    assert repr(value).startswith(type(value).__name__)
