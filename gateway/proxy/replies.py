"""Short answers of the gate itself: redirects to the portal's pages and what a script gets instead."""

from __future__ import annotations

import secrets

from gateway.core.messages import Answer, Headers

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

_PLAIN: Headers = (
    (b"Cache-Control", b"no-store"),
    (b"Referrer-Policy", b"same-origin"),
    (b"X-Content-Type-Options", b"nosniff"),
)


def see_other(location: bytes, extra: Headers = ()) -> Answer:
    """303: the browser goes on with GET, so that reloading the page behind it sends nothing twice."""
    return Answer(303, b"See Other", ((b"Location", location), *_PLAIN, *extra))


def with_headers(answer: Answer, extra: Headers) -> Answer:
    """The same answer with more headers at its end."""
    return Answer(answer.status, answer.reason, (*answer.headers, *extra), answer.body) if extra else answer


def new_reference() -> str:
    """What a person reads out on the telephone: short, without letters that look alike."""
    number = secrets.randbits(40)
    return "".join(_LETTERS[number >> shift & 31] for shift in range(0, 40, 5))
