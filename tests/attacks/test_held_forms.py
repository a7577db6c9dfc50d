"""A form that waits for a code (C6): it is sent once, by the person, at full level, and survives looking around."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.conftest import ALL_VAULTED, OWN, Stage, make_stage
from tests.harness.person import Person

FORM = {"old": "demo", "new": "longer"}


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[Stage, Person]]:
    """A restricted session whose form to /admin/form waits."""
    for stage in make_stage(tmp_path, ALL_VAULTED):
        person = stage.person()
        person.restricted(OWN)
        stage.app.clear()
        answer = person.post("/admin/form", FORM)
        assert answer.status == 303, answer.head
        assert (answer.header("location") or "").startswith("/.sekisho/")
        yield stage, person


def forms_seen(stage: Stage) -> list[bytes]:
    """Bodies of the forms that reached the app."""
    return [seen.body for seen in stage.seen() if seen.method == b"POST" and seen.target == b"/admin/form"]


def prove_and_follow(person: Person) -> None:
    """Enrol with a right code and go where the gateway leads."""
    answer = person.enrol()
    assert answer.status == 303, answer.head
    place = answer.header("location") or ""
    assert place == "/admin/form", place
    person.get(place)


def test_form_is_sent_after_the_code_and_once(held: tuple[Stage, Person]) -> None:
    """The app gets it whole when the code is in; asking again sends nothing."""
    stage, person = held
    assert forms_seen(stage) == []
    prove_and_follow(person)
    assert forms_seen(stage) == [b"old=demo&new=longer"]
    person.get("/admin/form")
    assert len(forms_seen(stage)) == 1


def test_form_survives_a_step_back(held: tuple[Stage, Person]) -> None:
    """ "Back" asks for the form's address again without a code: nothing is sent and nothing is lost."""
    stage, person = held
    person.get("/admin/form")
    assert stage.seen() == []
    person.page("/.sekisho/step-up")
    answer = person.enrol()
    assert answer.status == 303
    person.get(answer.header("location") or "/")
    assert forms_seen(stage) == [b"old=demo&new=longer"]


def test_form_of_another_site_is_not_kept(held: tuple[Stage, Person]) -> None:
    """A cross-site form in a restricted session must not be sent later with the person's own code."""
    stage, person = held
    lines = ("Origin: https://evil.test", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate")
    answer = person.ask("POST", "/admin/evil", b"a=1", *lines)
    assert answer.status in (400, 403), answer.head
    answer = person.enrol()
    person.get(answer.header("location") or "/")
    assert all(seen.target != b"/admin/evil" for seen in stage.seen())
