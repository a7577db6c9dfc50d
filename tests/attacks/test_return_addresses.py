"""U lines: where the gateway sends a browser is kept on the server; what an address or a form says of it is ignored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.attacks.conftest import ALL_VAULTED, OWN, Stage, make_stage
from tests.attacks.corpus import Case, of_kind
from tests.harness.person import Person, csrf_of
from tests.harness.wire import WireAnswer

CASES = of_kind("U")
NAMES = ("next", "return", "return_to", "rd", "url", "target", "continue")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A gateway of its own: these lines sign in again and again."""
    yield from make_stage(tmp_path_factory.mktemp("returns"), ALL_VAULTED)


def assert_stays_here(answer: WireAnswer, payload: bytes) -> None:
    """No redirect but to a path of this origin, no header split, and no link with the payload."""
    for header in ("location", "refresh", "content-location"):
        for place in answer.all(header):
            assert re.fullmatch(r"/(?![/\\])[!-~]*", place), place
            assert "evil" not in place, place
    assert answer.header("x") is None
    assert not any(line.startswith("x=y") for line in answer.all("set-cookie"))
    body = answer.decoded_body().decode("utf-8", "replace")
    for link in re.findall(r"(?:href|action|src|content)=\"([^\"]*)\"", body):
        assert "evil" not in link, link
        assert not link.startswith(("javascript:", "data:text")), link


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_return_address_of_a_stranger_is_ignored(asked: Stage, case: Case) -> None:
    """At the choice page, the step-up page, the code page and the sign-in, in query and form."""
    person: Person = asked.person()
    value = quote(case.payload, safe="")
    query = "?" + "&".join(f"{name}={value}" for name in NAMES)
    fields = {name: case.payload.decode("latin-1") for name in NAMES}
    assert_stays_here(person.sign_in(OWN), case.payload)
    page = person.get("/.sekisho/choice" + query)
    assert_stays_here(page, case.payload)
    fields |= {"csrf": csrf_of(page.decoded_body().decode()), "choice": "restricted"}
    chosen = person.post("/.sekisho/choice" + query, fields)
    assert_stays_here(chosen, case.payload)
    assert chosen.status == 303
    for path in ("/.sekisho/step-up", "/.sekisho/code", "/.sekisho/enrol", "/.sekisho/locked", "/.sekisho/choice"):
        assert_stays_here(person.get(path + query), case.payload)
