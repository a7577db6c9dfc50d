"""B lines: a form in which the gateway and the app behind it may find different values (rule: id must be one's own)."""

from __future__ import annotations

import re

import pytest

from tests.attacks.asking import assert_refused, cookie_line, request, send
from tests.attacks.conftest import Stage
from tests.attacks.corpus import Case, of_kind
from tests.attacks.parameters import record_values

CASES = of_kind("B")


def built(case: Case, path: bytes, query: bytes, cookie: bytes) -> bytes:
    """The request of a case: its content type with the extras that the corpus writes in brackets, and its body."""
    content_type, _, body = case.payload.partition(b" ||| ")
    own_query = re.match(rb"QS\?(\S+) ", content_type)
    if own_query:
        query, content_type = own_query.group(1), content_type[own_query.end() :]
    method = b"PUT" if b"(method PUT)" in content_type else b"POST"
    lines = [cookie]
    if b"Content-Encoding: deflate" in content_type:
        lines.append(b"Content-Encoding: deflate")
    plain_type = re.sub(rb" \((?:method|\+)[^)]*\)", b"", content_type)
    if plain_type != b"(no Content-Type)":
        lines.append(b"Content-Type: " + plain_type)
    return request(path + (b"?" + query if query else b""), *lines, method=method, body=body)


def assert_own_record(stage: Stage, name: str) -> None:
    """No reading of a forwarded request finds another's record; some reading finds one's own."""
    for seen in stage.seen():
        assert record_values(seen, name) == {"1"}, (seen.raw_head, seen.body, record_values(seen, name))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_form_rule_believes_no_doubtful_body(stage: Stage, case: Case) -> None:
    """The rule reads the form: a body that any app may read otherwise stays at the gateway."""
    person = stage.restricted()
    named_user = b"user" in case.payload
    path, name = (b"/own/user", "user_id") if named_user else (b"/own/view", "id")
    answer = send(stage, built(case, path, b"", cookie_line(person)))
    assert_own_record(stage, name)
    if not stage.seen():
        assert_refused(stage, answer)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_query_rule_is_not_overruled_by_the_body(stage: Stage, case: Case) -> None:
    """The query is right, but the app may let the body win: then it is not forwarded either (R-091)."""
    person = stage.restricted()
    body = case.payload.replace(b"user_id=1&user%20id", b"id")
    sharper = Case(case.line, case.kind, case.section, body, case.note)
    answer = send(stage, built(sharper, b"/own/asked", b"id=1", cookie_line(person)))
    assert_own_record(stage, "id")
    if not stage.seen():
        assert_refused(stage, answer)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_another_value_in_front_changes_nothing(stage: Stage, case: Case) -> None:
    """The same body with the right value in front of it: a parser that stops early must not be believed."""
    person = stage.restricted()
    content_type, mark, body = case.payload.partition(b" ||| ")
    if b"multipart" in content_type.lower() and b"x-www" not in content_type:
        part = b'--B\r\nContent-Disposition: form-data; name="id"\r\n\r\n1\r\n'
        body = body if b"LF only" in case.note.encode() else part + body
    else:
        body = b"id=1&" + body
    sharper = Case(case.line, case.kind, case.section, content_type + mark + body, case.note)
    answer = send(stage, built(sharper, b"/own/view", b"", cookie_line(person)))
    assert_own_record(stage, "id")
    if not stage.seen():
        assert_refused(stage, answer)


FORM = b"Content-Type: application/x-www-form-urlencoded"
MULTIPART = b"Content-Type: multipart/form-data; boundary=B"
PART = b'--B\r\nContent-Disposition: form-data; name="id"\r\n\r\n1\r\n--B--\r\n'


@pytest.mark.parametrize(
    ("content_type", "body"), [(FORM, b"id=1&month=202611"), (MULTIPART, PART)], ids=["urlencoded", "multipart"]
)
def test_own_record_is_open(stage: Stage, content_type: bytes, body: bytes) -> None:
    """The control: a plain form with one's own id reaches the app byte for byte."""
    person = stage.restricted()
    answer = send(stage, request(b"/own/view", cookie_line(person), content_type, method=b"POST", body=body))
    assert answer.status == 200
    (seen,) = stage.seen()
    assert seen.body == body
    assert seen.all("content-type") == [content_type.partition(b": ")[2]]
