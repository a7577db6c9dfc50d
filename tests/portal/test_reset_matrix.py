"""Who × whom × route: everybody tries to reset everybody, by every route, from every level of session.

Each try ends with what became of the target: the second factor, the lock, the sessions, the audit record. A refused
one has changed nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from gateway.core.lockout import LockoutLimits
from gateway.core.rights import Right, right_to_reset
from gateway.core.subject import Subject
from tests.portal.conftest import CHIEF, COLLEAGUE, EMPLOYEE, OTHER_EMPLOYEE, OTHER_STAFF, STAFF, Browser, World
from tests.portal.people_kit import (
    DEPUTY,
    EVERYBODY,
    MANAGER,
    NEIGHBOUR,
    NEIGHBOURS_CHIEF,
    OTHER_CHIEF,
    OWN,
    PEOPLE,
    RESETS,
    STRANGER,
    confirm,
    enrol,
    enrolled,
    events,
    fill,
    press,
    send,
    to_reset,
)

TARGETS = (*EVERYBODY, STRANGER)
ACTORS = (*EVERYBODY, STRANGER)
ADMINISTRATORS = {one.login_id for one in (STAFF, DEPUTY, MANAGER, CHIEF, NEIGHBOURS_CHIEF, OTHER_STAFF, OTHER_CHIEF)}


def name_of(one: Subject) -> str:
    return f"{one.login_id}-{one.role}" if one.role else one.login_id


# What the pages must let happen, written out: a mistake in the permission function would be in both otherwise.
PEOPLE_OF_1 = {EMPLOYEE.login_id, COLLEAGUE.login_id, CHIEF.login_id}
PEOPLE_OF_6 = {NEIGHBOUR.login_id, NEIGHBOURS_CHIEF.login_id}
PEOPLE_OF_3 = {OTHER_EMPLOYEE.login_id, OTHER_CHIEF.login_id}
REACHES = {
    STAFF.login_id: PEOPLE_OF_1 | PEOPLE_OF_6,
    DEPUTY.login_id: PEOPLE_OF_1 | PEOPLE_OF_6,
    MANAGER.login_id: PEOPLE_OF_1 | PEOPLE_OF_6 | {STAFF.login_id, DEPUTY.login_id},
    CHIEF.login_id: {EMPLOYEE.login_id, COLLEAGUE.login_id},
    NEIGHBOURS_CHIEF.login_id: {NEIGHBOUR.login_id},
    OTHER_STAFF.login_id: PEOPLE_OF_3,
    OTHER_CHIEF.login_id: {OTHER_EMPLOYEE.login_id},
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a reset would change."""

    enrolled: bool
    failures: int
    signed_in: bool
    resets: int


class Watched:
    """Somebody with a second factor, a wrong code and an open session."""

    def __init__(self, world: World, subject: Subject) -> None:
        self.world, self.subject = world, subject
        self.browser: Browser | None = None

    async def ready(self) -> Watched:
        await enrol(self.world, self.subject.login_id)
        if not (await self.world.registry.lock_state(self.subject.login_id)).failures:
            await self.world.registry.reserve_attempt(self.subject.login_id, self.world.now[0], LockoutLimits())
        if self.browser is None or await self.browser.live() is None:
            self.browser = await self.world.sign_in(self.subject)
        return self

    async def standing(self) -> Standing:
        login_id = self.subject.login_id
        return Standing(
            await enrolled(self.world, login_id),
            (await self.world.registry.lock_state(login_id)).failures,
            self.browser is not None and await self.browser.live() is not None,
            sum(event.subject == login_id for event in await events(self.world, "portal.factor.reset")),
        )


@pytest.fixture(autouse=True)
async def roster(world: World) -> None:
    await fill(world)
    world.people[STRANGER.login_id] = STRANGER


@pytest.mark.parametrize("actor", ACTORS, ids=name_of)
async def test_with_a_code_by_the_route_for_one_exactly_those_with_a_right_are_reset(
    world: World, actor: Subject
) -> None:
    me = await world.sign_in(actor, proven=True)
    for target in TARGETS:
        if target.login_id == actor.login_id:
            continue
        watched = await Watched(world, target).ready()
        before = await watched.standing()
        if actor.login_id in ADMINISTRATORS:
            await confirm(await to_reset(me, [target.login_id]))
        else:
            await press(me, f"one:{target.login_id}")
            assert me.status == 403
        after = await watched.standing()
        if target.login_id in REACHES.get(actor.login_id, set()):
            assert after == Standing(False, 0, False, before.resets + 1), target
        else:
            assert after == before == Standing(True, 1, True, before.resets), target


@pytest.mark.parametrize("actor", ACTORS, ids=name_of)
async def test_with_a_code_by_the_route_for_many_the_others_ids_are_left_out(world: World, actor: Subject) -> None:
    watched = [await Watched(world, target).ready() for target in TARGETS if target != actor]
    before = [await one.standing() for one in watched]
    me = await world.sign_in(actor, proven=True)
    own = await world.sign_in(actor, proven=True)
    if actor.login_id in ADMINISTRATORS:
        await confirm(await to_reset(me, [one.login_id for one in TARGETS]))
    else:
        await press(me, "reset", [one.login_id for one in TARGETS])
        assert me.status == 403
    for one, stood in zip(watched, before, strict=True):
        reached = one.subject.login_id in REACHES.get(actor.login_id, set())
        assert await one.standing() == (Standing(False, 0, False, 1) if reached else stood), one.subject
    assert await me.live() is not None
    assert await own.live() is not None, "oneself is not reset along with others"


@pytest.mark.parametrize("actor", ACTORS, ids=name_of)
async def test_the_route_for_oneself_reaches_nobody_else(world: World, actor: Subject) -> None:
    watched = [await Watched(world, target).ready() for target in TARGETS if target != actor]
    await enrol(world, actor.login_id)
    me = await world.sign_in(actor, proven=True)
    others = [one.login_id for one in TARGETS if one != actor]
    fields = [(name, one) for one in others for name in ("id", "login_id", "shown", "of", "do")]
    await send(me, OWN, [("password", "demo"), *fields])
    assert not await enrolled(world, actor.login_id)
    assert [event.subject for event in await events(world, "portal.factor.reset")] == [actor.login_id]
    for one in watched:
        assert await one.standing() == Standing(True, 1, True, 0), one.subject


LEVELS = ("nobody", "code-due", "restricted", "full-without-code")


@pytest.mark.parametrize("actor", ACTORS, ids=name_of)
async def test_below_a_code_no_route_resets_anybody(world: World, actor: Subject) -> None:
    """The list of a session with a code is at hand, so that the last step alone is tried too."""
    watched = [await Watched(world, target).ready() for target in TARGETS]
    of = "none"
    if actor.login_id in ADMINISTRATORS:
        shown = await to_reset(await world.sign_in(actor, proven=True), [one.login_id for one in TARGETS])
        of = shown.text.partition('name="of" value="')[2].partition('"')[0]
        assert of
    for level in LEVELS:
        await _try_everything(world, await _at(world, actor, level), of)
    for one in watched:
        assert await one.standing() == Standing(True, 1, True, 0), one.subject
    assert world.asked_passwords == []


async def _at(world: World, actor: Subject, level: str) -> Browser:
    if level == "full-without-code":
        world.policy[0] = replace(world.policy[0], required=False)
    return Browser(world, None) if level == "nobody" else await world.sign_in(actor, restricted=level == "restricted")


async def _try_everything(world: World, me: Browser, of: str) -> None:
    everybody = [one.login_id for one in TARGETS]
    for target in (COLLEAGUE, OTHER_EMPLOYEE, STAFF):
        _refused(await press(me, f"one:{target.login_id}"))
    _refused(await press(me, "reset", everybody))
    _refused(await me.get(f"{RESETS}?of={of}"))
    _refused(await send(me, RESETS, [("of", of), ("password", "demo")]))
    _refused(await send(me, RESETS, [("id", one) for one in everybody] + [("password", "demo")]))
    _refused(await send(me, OWN, [("password", "demo")]))


def _refused(me: Browser) -> None:
    """A page that says no, or the way to a code or a sign-in: never a list or a field for a password."""
    assert me.status in (303, 401, 403)
    assert not me.location.startswith((PEOPLE, OWN)), me.location
    assert "<table" not in me.text
    assert 'name="password"' not in me.text


def test_what_is_written_here_is_what_the_permission_function_says() -> None:
    for actor in ACTORS:
        reached = {one.login_id for one in TARGETS if right_to_reset(actor, one) not in (None, Right.OWN)}
        assert reached == REACHES.get(actor.login_id, set())
