"""The request of a trial sign-in: what a browser would send if this person typed this password into the app's form."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from gateway.core.forms import Form, Pairs, multipart, read_forms, urlencoded
from gateway.core.routes import Access, Route, RouteTable
from gateway.core.signin import FieldPlace, SignInRule, SignOutRule

_PLAIN = re.compile(r"/[!-~]*")
FORM_TYPE = b"application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class TrialRequest:
    """A request without its head's common part. `content_type` is empty where there is no body."""

    method: bytes
    target: bytes = field(repr=False)
    content_type: bytes = b""
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class SignInPage:
    """An app's sign-in page as it came: the path it was asked for, and its bytes without content coding."""

    path: str
    content: bytes = field(repr=False)


def trial_request(
    rule: SignInRule, page: SignInPage, login_id: str, password: str, boundary: bytes
) -> TrialRequest | None:
    """The sign-in by this rule. None: neither page nor rule say where the password goes, or the address is a pattern.

    `boundary`: for a form that is sent as multipart; must be unguessable.
    """
    form = _form_for(rule, page) if rule.place is not FieldPlace.JSON else None
    password_field = rule.password or (form.password_field() if form is not None else "")
    target = _target(rule.path, page.path, form.action if form is not None else "")
    if not password_field or target is None:
        return None
    method = b"POST" if b"POST" in rule.methods else min(rule.methods)
    if rule.place is FieldPlace.JSON:
        document = _nested({rule.field: login_id, password_field: password})
        return TrialRequest(method, target, b"application/json", json.dumps(document).encode())
    typed = {rule.field: login_id, password_field: password}
    pairs = form.filled(typed) if form is not None else tuple(typed.items())
    if rule.place is FieldPlace.QUERY:
        return TrialRequest(method, target.partition(b"?")[0] + b"?" + urlencoded(pairs, rule.charset))
    if form is not None and form.multipart:
        kind = b"multipart/form-data; boundary=" + boundary
        return TrialRequest(method, target, kind, multipart(pairs, rule.charset, boundary))
    return _posted(method, target, pairs, rule.charset)


def sign_out_request(rule: SignOutRule, page: SignInPage, charset: str) -> TrialRequest | None:
    """The form of a page that signs out, sent as it stands: it may carry a token. None when the page has none."""
    for form in read_forms(page.content, charset):
        target = _fitting(rule.path, page.path, form.action)
        if target is not None:
            return _posted(b"POST", target, form.filled({}), charset)
    return None


def _posted(method: bytes, target: bytes, pairs: Pairs, charset: str) -> TrialRequest:
    return TrialRequest(method, target, FORM_TYPE, urlencoded(pairs, charset))


def _form_for(rule: SignInRule, page: SignInPage) -> Form | None:
    """The form with the login field; of several, one that is sent to the rule's address."""
    forms = [form for form in read_forms(page.content, rule.charset) if form.has(rule.field)]
    fitting = [form for form in forms if _fitting(rule.path, page.path, form.action) is not None]
    return next(iter(fitting + forms), None)


def _target(pattern: str, page_path: str, action: str) -> bytes | None:
    """Where the sign-in goes: the form's own address if it is the rule's, with its parameters; else the rule's."""
    fitting = _fitting(pattern, page_path, action)
    if fitting is not None:
        return fitting
    return None if any(character in pattern for character in "*{") else pattern.encode()


def _fitting(pattern: str, page_path: str, action: str) -> bytes | None:
    """A form's address as a target, if it fits a rule's path. A session ID behind a `;` is no part of the path."""
    target = target_from(page_path, action)
    if target is None:
        return None
    table = RouteTable((Route("", pattern, Access.PUBLIC),))
    return target if table.candidates(re.split(b"[;?]", target)[0]) else None


def target_from(page_path: str, address: str) -> bytes | None:
    """Where an address on a page leads within the same origin, as a request target; None for what is no plain path."""
    try:
        parts = urlsplit(urljoin(page_path, address))
    except ValueError:
        return None
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return target.encode() if _PLAIN.fullmatch(target) else None


def _nested(values: dict[str, str]) -> dict[str, object]:
    """Dotted names as objects in objects."""
    document: dict[str, object] = {}
    for name, value in values.items():
        *outer, last = name.split(".")
        inside = document
        for part in outer:
            deeper = inside.setdefault(part, {})
            inside = deeper if isinstance(deeper, dict) else {}
        inside[last] = value
    return document
