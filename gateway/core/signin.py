"""Reading an app's own sign-in: who tried, and whether the app's answer says that it worked (A2, A12)."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class FieldPlace(enum.StrEnum):
    """Where the sign-in request carries the login ID."""

    FORM = "form"
    JSON = "json"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class AnswerTest:
    """What an answer must look like; every part that is given must hold. Globs know `*` only."""

    status: frozenset[int] | None = None
    location: tuple[str, ...] = ()  # globs over Location, path-absolute or as sent
    cookie_set: tuple[str, ...] = ()  # cookie name globs: at least one is set with a value
    header: tuple[tuple[str, str], ...] = ()  # (name, glob)
    body_has: tuple[str, ...] = ()  # every text occurs in the decoded body
    body_lacks: tuple[str, ...] = ()  # no text occurs
    element: tuple[str, ...] = ()  # every selector (see core.html) finds an element


@dataclass(frozen=True, slots=True)
class SignInRule:
    """One sign-in address of one app. Success needs one of `success` to hold and none of `failure`."""

    name: str
    app: str
    path: str
    methods: frozenset[bytes]
    place: FieldPlace
    field: str  # form or query name; for JSON a dotted path such as `user.id`
    success: tuple[AnswerTest, ...]
    failure: tuple[AnswerTest, ...] = ()
    charset: str = "utf-8"
    framed: bool = False
    cross_site: bool = False  # the form stands on a page of another site; default: login CSRF is refused
    deliver_at_once: bool = False  # answer goes to the script at once, cookies withheld (single-page apps)
    password: str = ""  # the password's field, named as `field` is; empty: the password field of the page's own form
    line: int = 0
    ignores_case: bool = False  # the app takes /Login for /login
    anywhere: bool = False  # the app takes the field at every address: but for this one it is refused


@dataclass(frozen=True, slots=True)
class SignOutRule:
    """An address of the app that ends its session; `query`: parameters that make it one (`?do=logout`)."""

    app: str
    path: str
    methods: frozenset[bytes]  # empty: any
    query: tuple[tuple[str, str], ...] = ()
    line: int = 0
    ignores_case: bool = False
