"""The gateway's own pages under bytes that no browser sends: answered as a page of the gateway, by nobody's default."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.attacks.asking import send
from tests.attacks.conftest import SOME_VAULTED, Stage, make_stage
from tests.harness.person import Person, csrf_of
from tests.harness.wire import WireAnswer

CHOICE = "/.sekisho/choice"
FORM = "Content-Type: application/x-www-form-urlencoded"
MULTIPART = "Content-Type: multipart/form-data; boundary=B"
CSRF = 'Content-Disposition: form-data; name="csrf"'


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A gateway of its own: somebody stands before the choice all the time."""
    yield from make_stage(tmp_path_factory.mktemp("visited"), SOME_VAULTED)


@pytest.fixture(scope="module")
def person(visited: Stage) -> Person:
    """Password entered, nothing chosen."""
    someone = visited.person()
    someone.sign_in("B0000013")
    return someone


def assert_a_page_of_ours(answer: WireAnswer) -> None:
    """With the headers of every page, and nothing about what it is made of."""
    assert answer.header("content-security-policy"), answer.head
    assert answer.header("cache-control") == "no-store", answer.head
    assert answer.header("server") is None, answer.head
    assert b"aiohttp" not in answer.body + answer.head
    assert b"bytes when reading" not in answer.body


@pytest.mark.parametrize(
    ("target", "lines"),
    [
        ("/.sekisho/help/?" + "a" * 9000, ()),
        ("/.sekisho/help/", [f"X-{number}: 1" for number in range(150)]),
        ("/.sekisho/help/", ["Referer: https://app.test/?" + "a" * 20_000]),
        ("/.sekisho/help/", ["User-Agent: \xff\xfe\x80"]),
        ("/.sekisho/nosuch", ["Accept-Language: " + "ja;q=" * 5000]),
        (CHOICE, ["X-A: " + "b" * 60_000]),
    ],
    ids=["query", "count", "referer", "bytes", "languages", "longest"],
)
def test_a_head_that_the_lane_takes_is_answered_by_a_page(
    visited: Stage, person: Person, target: str, lines: list[str]
) -> None:
    """Long addresses, many headers: what the lane lets through meets no other limit behind it."""
    answer = send(visited, person.raw("GET", target, None, *lines))
    assert answer.status in (200, 404), answer.head
    assert_a_page_of_ours(answer)


def part(*lines: str, value: str = "x") -> bytes:
    """One part and the end."""
    return "\r\n".join(["--B", *lines, "", value, "--B--", ""]).encode()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM + "; charset=utf-7", b"csrf=x"),
        (FORM + "; charset=nosuch", b"csrf=x"),
        (FORM + "; charset=utf-8\x85", b"csrf=x"),
        (FORM, b"\x1f\x8b\x08\x00\x00\x00\x00\x00"),
        (FORM, b"csrf=%00"),
        (FORM, b"csrf=%ED%A0%80"),
        (FORM, "csrf=あ".encode()),
        (FORM, b"csrf[]=x&choice=full"),
        ("Content-Type: application/json", b'{"csrf": "x"}'),
        (MULTIPART, part('Content-Disposition: form-data; name="_charset_"')),
        (MULTIPART, part(*["X: y"] * 9000, CSRF)),
        (MULTIPART, part("X: " + "y" * 60_000)),
        (MULTIPART, part(CSRF, "Content-Transfer-Encoding: nosuch")),
        (MULTIPART, part(CSRF, "Content-Type: text/plain; charset=nosuch")),
        (MULTIPART, part(CSRF, "Content-Type: multipart/mixed; boundary=C", value="--C\r\n\r\n--C--")),
        (MULTIPART, part("Content-Disposition: form-data")),
        (MULTIPART, b""),
        ("Content-Type: multipart/form-data", part(CSRF)),
    ],
)
def test_a_body_that_no_form_of_ours_sends_is_refused(
    visited: Stage, person: Person, content_type: str, body: bytes
) -> None:
    """With a page, and never as a fault of the gateway."""
    raw = person.raw("POST", CHOICE, body, content_type, "Origin: https://app.test")
    answer = send(visited, raw)
    assert answer.status in (400, 403), answer.head
    assert_a_page_of_ours(answer)


def test_a_thousand_parts_are_not_taken_apart(visited: Stage, person: Person) -> None:
    """Fifty kilobytes would cost the pages a second and a half; the same of plain fields costs nothing."""
    parts = part(CSRF).replace(b"--B--\r\n", b"") * 900 + b"--B--\r\n"
    began = time.process_time()
    for _ in range(5):
        send(visited, person.raw("POST", CHOICE, parts, MULTIPART, "Origin: https://app.test"))
    assert time.process_time() - began < 2


def test_the_person_goes_on_after_all_that(visited: Stage, person: Person) -> None:
    """The control: the session stands, and its own form counts."""
    fields = {"csrf": csrf_of(person.page(CHOICE)), "choice": "restricted"}
    raw = person.raw("POST", CHOICE, urlencode(fields).encode(), FORM, "Origin: https://app.test")
    assert send(visited, raw).header("location") == "/login"
