"""What a page says about the code that was typed before it. Between POST and page it travels as one word in the query,
so that reloading the page says it again and sends no code twice."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from aiohttp import web

from gateway.core.lockout import LockoutLimits
from gateway.portal.second_factor import Ended, Outcome, Standing, Unreadable, Used, Wrong
from gateway.portal.views import Message
from gateway.portal.visits import came_from

_LENGTH = re.compile(r"length-([0-9]{1,3})", re.ASCII)
_PLAIN = {"empty", "letters", "used", "ended"}


def word_of(outcome: Outcome) -> str:
    """The word for an outcome that leads back to the page."""
    match outcome:
        case Unreadable(fault):
            return fault
        case Wrong():
            return "wrong"
        case Used():
            return "used"
        case Ended():
            return "ended"
    return ""


def again(request: web.Request, page: str, outcome: Outcome) -> str:
    """The address of the page that says what was wrong."""
    words = {"fault": word_of(outcome), "back": came_from(request)}
    query = urlencode({name: word for name, word in words.items() if word})
    return f"{page}?{query}" if query else page


def fault_of(request: web.Request, standing: Standing, limits: LockoutLimits) -> Message | None:
    """The sentence for the word in the query. Counts come from the registry: nobody can put them into an address."""
    word = request.query.get("fault", "")
    length = _LENGTH.fullmatch(word)
    if length is not None:
        return Message("fault.length", (("digits", length[1]),))
    if word in _PLAIN:
        return Message(f"fault.{word}")
    if word != "wrong" or standing.failures == 0:
        return None
    if standing.left <= 1:
        return Message("fault.wrong.last", (("length", limits.lock_seconds),))
    return Message("fault.wrong", (("left", str(standing.left)), ("length", limits.lock_seconds)))


def needs_clock_advice(standing: Standing, fault: Message | None) -> bool:
    """From the second wrong code on: the commonest cause is a clock that is off."""
    return standing.failures > 1 and fault is not None
