"""Judging an app's answer to a sign-in by the rule's tests. Positive only: without a test that holds, nobody is in."""

from __future__ import annotations

import json
import re
import zlib
from functools import lru_cache
from urllib.parse import urlsplit

from gateway.core.escapes import unescape
from gateway.core.html import find_element, parse_selector
from gateway.core.jar import Jar
from gateway.core.messages import Headers, ResponseHead, first_header, header_values
from gateway.core.params import Missing, Parameters, name_folds, parse_form, parse_query
from gateway.core.signin import AnswerTest, FieldPlace, SignInRule

_CHARSET = re.compile(rb"charset\s*=\s*\"?([A-Za-z0-9_.:-]+)", re.IGNORECASE)


def may_carry_login_id(rule: SignInRule, query: bytes | None, headers: Headers) -> bool:
    """Whether a request at the rule's address could be a sign-in, judged before its body is read."""
    if rule.place is FieldPlace.QUERY:
        return query is not None
    return rule.place is FieldPlace.JSON or is_form_like(headers)


def attempted_login_id(rule: SignInRule, query: bytes | None, headers: Headers, body: bytes) -> str | Missing:
    """The login ID that the app will read from this request. ABSENT: no sign-in; DOUBT: parsers may disagree."""
    if rule.place is FieldPlace.QUERY:
        return _typed(rule, parse_query(query))
    if rule.place is FieldPlace.JSON:
        return _json_field(rule.field, body)
    in_query = parse_query(query)
    if in_query is None or in_query.data(rule.field, rule.charset) is not Missing.ABSENT:
        return Missing.DOUBT  # query and form may both be read, in an order that only the app knows
    if not body or not is_form_like(headers):
        return Missing.ABSENT
    form = posted_form(headers, body)
    return _typed(rule, form)


def mentions_login_id(rule: SignInRule, query: bytes | None, headers: Headers, body: bytes) -> bool:
    """Whether an app might find the login field somewhere in a request that the rule does not read as a sign-in.

    Frameworks read forms, JSON and queries alike, whatever the form of the page sends; a full session's vault must
    not go along with such a request, or somebody else would be signed in under it.
    """
    name = rule.field.rpartition(".")[2]
    asked = parse_query(query)
    if asked is None or asked.data(name, rule.charset) is not Missing.ABSENT:
        return asked is not None or name.lower() in unescape(query or b"").decode("latin-1").lower()
    if not body:
        return False
    if is_form_like(headers):
        form = posted_form(headers, body)
        return form is None or form.data(name, rule.charset) is not Missing.ABSENT
    try:
        return _has_key(json.loads(body), name_folds(name))
    except (ValueError, RecursionError):
        return name.lower().encode() in body.lower() or bool(header_values(headers, b"content-encoding"))


def _has_key(value: object, folds: frozenset[str]) -> bool:
    """Whether a name occurs as a key, however deep."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if any(not folds.isdisjoint(name_folds(key)) for key in one):
                return True
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False


def _typed(rule: SignInRule, parameters: Parameters | None) -> str | Missing:
    """What was typed, in the charset of the app's own form."""
    data = Missing.DOUBT if parameters is None else parameters.data(rule.field, rule.charset)
    if isinstance(data, Missing):
        return data
    try:
        return data.decode(rule.charset)
    except UnicodeDecodeError:
        return Missing.DOUBT


def posted_form(headers: Headers, body: bytes) -> Parameters | None:
    """The parameters of a request's body; None when it is no form that every app reads alike."""
    return parse_form(header_values(headers, b"content-type"), header_values(headers, b"content-encoding"), body)


def is_form_like(headers: Headers) -> bool:
    """What some app might read as a form: no type at all is left to the app's guess, so it counts."""
    joined = b",".join(header_values(headers, b"content-type")).lower()
    return not joined or b"urlencoded" in joined or b"multipart" in joined


def _json_field(path: str, body: bytes) -> str | Missing:
    try:
        value: object = json.loads(body.decode("utf-8"), object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError):
        return Missing.DOUBT
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return Missing.ABSENT
        value = value[part]
    return value if isinstance(value, str) else Missing.DOUBT


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Parsers differ in which of two equal keys they take; keys that differ in case may be one to the app."""
    folded = {key.casefold() for key, _ in pairs}
    if len(folded) != len(pairs):
        raise ValueError("duplicate keys")
    return dict(pairs)


def signed_in(rule: SignInRule, head: ResponseHead, body: bytes, now: float) -> bool:
    """Whether the answer says that the sign-in worked. `body` as it came, content coding and all; `now` in Unix
    seconds, for cookies that are deleted by a date."""
    if plainly_failed(rule, head, body, now):
        return False
    text = plain_body(head.headers, body)
    return any(_holds(test, rule, head, text, now) for test in rule.success)


def plainly_failed(rule: SignInRule, head: ResponseHead, body: bytes, now: float) -> bool:
    """Whether the answer says that the sign-in did not work, rather than nothing that the rule knows."""
    text = plain_body(head.headers, body)
    return any(_holds(test, rule, head, text, now) for test in rule.failure)


def _holds(test: AnswerTest, rule: SignInRule, head: ResponseHead, body: bytes | None, now: float) -> bool:
    if test.status is not None and head.status not in test.status:
        return False
    if test.location and not _location_fits(test.location, head.headers):
        return False
    if test.cookie_set and not _cookie_fits(test.cookie_set, head.headers, now):
        return False
    for name, glob in test.header:
        values = header_values(head.headers, name.lower().encode())
        if not any(_glob(glob).fullmatch(value.decode("latin-1")) for value in values):
            return False
    return _body_fits(test, rule, head.headers, body)


def _body_fits(test: AnswerTest, rule: SignInRule, headers: Headers, body: bytes | None) -> bool:
    if not (test.body_has or test.body_lacks or test.element):
        return True
    if body is None:
        return False
    charsets = {rule.charset, _charset(headers) or rule.charset}
    if not all(_occurs(text, body, charsets) for text in test.body_has):
        return False
    if any(_occurs(text, body, charsets) for text in test.body_lacks):
        return False
    return all(find_element(body, parse_selector(selector)) for selector in test.element)


def _occurs(text: str, body: bytes, charsets: set[str]) -> bool:
    for charset in charsets:
        try:
            if text.encode(charset) in body:
                return True
        except (LookupError, UnicodeEncodeError):
            continue
    return False


def _charset(headers: Headers) -> str | None:
    found = _CHARSET.search(first_header(headers, b"content-type") or b"")
    return found[1].decode("ascii") if found else None


def _location_fits(globs: tuple[str, ...], headers: Headers) -> bool:
    value = first_header(headers, b"location")
    if value is None:
        return False
    sent = value.decode("latin-1")
    try:
        parts = urlsplit(sent)
    except ValueError:
        return False
    below = parts.path + (f"?{parts.query}" if parts.query else "")
    return any(_glob(glob).fullmatch(sent) or _glob(glob).fullmatch(below) for glob in globs)


def _cookie_fits(globs: tuple[str, ...], headers: Headers, now: float) -> bool:
    """What a browser would hold after the answer counts: deleted and then set is set, set and then deleted is not."""
    held = Jar().store(header_values(headers, b"set-cookie"), b"/", now).cookies
    names = [cookie.name.decode("latin-1") for cookie in held if cookie.value.strip(b'"')]
    return any(_glob(glob).fullmatch(name) for glob in globs for name in names)


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> re.Pattern[str]:
    """`*` stands for any run of characters; everything else for itself."""
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)


def plain_body(headers: Headers, body: bytes, limit: int = 8 << 20) -> bytes | None:
    """The body without its content coding; None for another than gzip or deflate, a broken or a bomb-like one."""
    coding = b",".join(header_values(headers, b"content-encoding")).strip().lower()
    if coding in (b"", b"identity"):
        return body
    if coding not in (b"gzip", b"x-gzip", b"deflate"):
        return None
    for window in (47, -15) if coding == b"deflate" else (47,):
        engine = zlib.decompressobj(window)
        try:
            plain = engine.decompress(body, limit)
        except zlib.error:
            continue
        return plain if engine.eof and not engine.unconsumed_tail else None
    return None
