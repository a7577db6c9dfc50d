"""The closed list of things that go wrong in front of a person or a script."""

from __future__ import annotations

import enum
from typing import Protocol

from gateway.core.messages import Answer, RequestHead


class Problem(enum.StrEnum):
    """The value is the reason word in problem JSON and in the log."""

    MALFORMED = "malformed"
    NOT_FOUND = "not-found"
    METHOD = "method-not-allowed"
    TOO_LARGE = "too-large"
    TOO_SLOW = "too-slow"
    REFUSED = "refused"
    FORM_STALE = "form-stale"
    SIGN_IN_DUE = "sign-in-due"
    EXPIRED = "sign-in-expired"
    PAUSED = "sign-in-paused"
    CHOICE_DUE = "choice-due"
    CODE_DUE = "code-due"
    UPSTREAM_DOWN = "upstream-down"
    UPSTREAM_SLOW = "upstream-slow"
    STORE_DOWN = "store-down"
    BUSY = "busy"
    BROKEN = "internal"


class ErrorPage(Protocol):
    """Turns a problem into an answer: a page for a person, problem JSON for a script, never a redirect (C6)."""

    def __call__(
        self,
        problem: Problem,
        head: RequestHead | None,
        reference: str,
        *,
        status: int | None = None,
        reason: str = "",
        action: str = "",
        code_page: str = "",
    ) -> Answer:
        """`status` replaces the problem's own; `reason` is the decision's word; `action` the address of the page's
        button; `code_page` where a person can go on. `head` None: nothing of the request could be read."""
