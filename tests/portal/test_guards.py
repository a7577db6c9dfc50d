"""Pages of offices: the right first, then a code, also where the tenant asks nobody for one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.core.subject import Subject
from tests.portal.conftest import CHIEF, EMPLOYEE, OPERATOR, STAFF, World
from tests.portal.test_journeys import code

SETTINGS, PEOPLE = "/.sekisho/settings", "/.sekisho/people"


def asks_nobody(world: World) -> None:
    """The tenant does not use 2FA: whoever has the password has a full session."""
    world.policy[0] = replace(world.policy[0], required=False, because="office does not use 2FA")


@pytest.mark.parametrize(("subject", "wanted"), [(STAFF, SETTINGS), (CHIEF, PEOPLE)])
async def test_who_administers_enters_a_code_although_the_tenant_asks_for_none(
    world: World, subject: Subject, wanted: str
) -> None:
    asks_nobody(world)
    first = await world.sign_in(subject, waiting=None)
    assert (await first.get(wanted)).location == "/.sekisho/enrol"
    await first.get("/.sekisho/enrol")
    secret = first.key()
    await first.post("/.sekisho/enrol", {"totp": code(secret, world.now[0])})
    assert first.location == wanted
    assert (await first.get(wanted)).status == 200
    world.now[0] += 60
    second = await world.sign_in(subject, waiting=None)
    assert (await second.get(f"{wanted}?page=2")).location == "/.sekisho/code"
    assert (await second.get("/.sekisho/code")).status == 200
    await second.post("/.sekisho/code", {"totp": "000000"})
    assert second.location == "/.sekisho/code?fault=wrong"
    await second.post("/.sekisho/code", {"totp": code(secret, world.now[0])})
    assert second.location == f"{wanted}?page=2"
    assert (await second.get(wanted)).status == 200


async def test_nobody_else_may_enrol_where_the_tenant_asks_for_no_code(world: World) -> None:
    asks_nobody(world)
    browser = await world.sign_in(EMPLOYEE, waiting=None)
    for path in ("/.sekisho/enrol", "/.sekisho/code", "/.sekisho/choice"):
        assert (await browser.get(path)).location == "/login", path
    assert (await browser.post("/.sekisho/enrol", {"totp": "123456"})).location == "/login"
    assert (await browser.get("/.sekisho/reset")).status == 403
    assert await world.registry.second_factor(EMPLOYEE.login_id) is None


@pytest.mark.parametrize(
    ("subject", "path"),
    [
        (EMPLOYEE, SETTINGS), (EMPLOYEE, PEOPLE), (EMPLOYEE, "/.sekisho/audit"), (EMPLOYEE, "/.sekisho/progress"),
        (CHIEF, SETTINGS), (CHIEF, "/.sekisho/audit"), (CHIEF, "/.sekisho/progress"),
        (EMPLOYEE, "/.sekisho/rollout"), (STAFF, "/.sekisho/rollout"), (CHIEF, "/.sekisho/rollout"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("proven", [True, False])
async def test_who_has_no_right_is_not_even_asked_for_a_code(
    world: World, subject: Subject, path: str, proven: bool
) -> None:
    browser = await world.sign_in(subject, proven=proven, waiting=None)
    assert (await browser.get(path)).status == 403
    assert (await browser.post(path, {})).status in (403, 405)


async def test_the_operators_pages_are_the_operators(world: World) -> None:
    browser = await world.sign_in(OPERATOR, proven=True, waiting=None)
    assert (await browser.get("/.sekisho/rollout")).status == 200
