"""A roster of two offices, and short ways to do what administrators do."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any, cast

from gateway.core.rights import ADMINISTRATOR
from gateway.core.subject import Kind, Subject
from gateway.stores.base_audit import AuditEvent, AuditQuery
from gateway.stores.base_tenants import Establishment, PersonLine
from tests.portal.conftest import (
    CHIEF,
    COLLEAGUE,
    EMPLOYEE,
    OTHER_EMPLOYEE,
    OTHER_STAFF,
    STAFF,
    Browser,
    World,
)

PEOPLE, RESETS, OWN = "/.sekisho/people", "/.sekisho/people/reset", "/.sekisho/reset"
DEPUTY = Subject("A00010002", Kind.OFFICE, "0001", "", "0002", "", "副所長")
MANAGER = Subject("A00010009", Kind.OFFICE, "0001", "", "0009", ADMINISTRATOR, "管理")
NEIGHBOUR = Subject("B00000601", Kind.ESTABLISHMENT, "0001", "000006", "01", "", "高橋 六実")
NEIGHBOURS_CHIEF = Subject("B00000699", Kind.ESTABLISHMENT, "0001", "000006", "99", ADMINISTRATOR, "隣の総務")
OTHER_CHIEF = Subject("B00000399", Kind.ESTABLISHMENT, "0002", "000003", "99", ADMINISTRATOR, "他所の総務")
STRANGER = Subject("C1", Kind.UNKNOWN, name="誰か")
EVERYBODY = (
    STAFF, DEPUTY, MANAGER, EMPLOYEE, COLLEAGUE, CHIEF, NEIGHBOUR, NEIGHBOURS_CHIEF,
    OTHER_STAFF, OTHER_EMPLOYEE, OTHER_CHIEF,
)  # fmt: skip
ESTABLISHMENTS = (
    ("0001", Establishment("000001", "株式会社MKS", "エムケイエス")),
    ("0001", Establishment("000006", "株式会社エムゲーシステム", "エムゲーシステム")),
    ("0002", Establishment("000003", "有限会社ソーシャル", "ソーシャル")),
)


async def fill(world: World, people: Iterable[Subject] = EVERYBODY) -> None:
    """Put them into roster and directory."""
    lines = tuple(people)
    world.people |= {one.login_id: one for one in lines}
    await world.registry.replace_configured(repr(lines), ESTABLISHMENTS, (), [line_of(one) for one in lines])


def line_of(one: Subject) -> PersonLine:
    return PersonLine(one.login_id, one.kind.value, one.office, one.establishment, one.employee, one.role, one.name)


async def enrol(world: World, login_id: str) -> None:
    """Give somebody a second factor, unless they have one."""
    now = world.now[0]
    pending = await world.registry.begin_enrolment(login_id, b"sealed", "owner", now, now + 600)
    if nonce := getattr(pending, "nonce", ""):
        assert await world.registry.confirm_enrolment(login_id, nonce, 1, now)


async def enrolled(world: World, login_id: str) -> bool:
    return await world.registry.second_factor(login_id) is not None


async def events(world: World, name: str) -> list[AuditEvent]:
    """What the audit record holds of this name, newest first."""
    page = await world.registry.find_events(AuditQuery(None, names=(name,)), None, 1000)
    return [one.event for one in page.events]


async def send(browser: Browser, path: str, fields: Sequence[tuple[str, str]], csrf: str | None = None) -> Browser:
    """A form with fields that may come several times."""
    form: Any = [("csrf", await browser.csrf() if csrf is None else csrf), *fields]
    return await browser._ask("POST", path, cast("dict[str, str]", form), {})


async def press(browser: Browser, button: str, ids: Sequence[str] = (), at: str = PEOPLE) -> Browser:
    """Press a button of the list with these boxes ticked, all of them shown."""
    fields = [("shown", one) for one in ids] + [("id", one) for one in ids]
    return await send(browser, at, [*fields, ("do", button)])


async def to_reset(browser: Browser, ids: Sequence[str]) -> Browser:
    """The page that says who is about to be reset."""
    if len(ids) == 1:
        await press(browser, f"one:{ids[0]}")
    else:
        await press(browser, "clear")
        await press(browser, "reset", ids)
    assert browser.status == 303, browser.text
    return await browser.get(browser.location)


async def confirm(browser: Browser, password: str = "demo") -> Browser:
    """Send the password from that page."""
    of = re.search(r'name="of" value="([^"]+)"', browser.text)
    return await browser.post(RESETS, {"of": of[1] if of else "", "password": password})


def listed(browser: Browser) -> list[str]:
    """The login IDs of the rows of a page, in order."""
    return re.findall(r'<th scope="row">.*?<span class="value">([A-Z0-9]+)', browser.text)


def ticked(browser: Browser) -> list[str]:
    return re.findall(r'name="id" value="([A-Z0-9]+)" checked', browser.text)


def text_of(browser: Browser) -> str:
    """What a person reads."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.text)))
