"""Whatever somebody of another office, or of another establishment, puts into any address and any form: they read
nothing and change nothing (D5, E1). The routes are the application's own, so a new one is tried as well.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from gateway.core.policy import TenantSettings
from gateway.core.subject import Subject
from gateway.portal import routes_help, routes_people, routes_records, routes_settings
from gateway.portal.registration_codes import sealed
from gateway.stores.base_audit import AuditEvent
from gateway.stores.base_people import RegistrationCode
from gateway.stores.base_tenants import Selection, Stamp
from tests.portal.conftest import COLLEAGUE, EMPLOYEE, OTHER_STAFF, PUNCH_AND_PAYSLIP, STAFF, Browser, World
from tests.portal.people_kit import NEIGHBOURS_CHIEF, OTHER_CHIEF, enrol, fill, send

ROUTES = [
    *routes_settings.ROUTES, *routes_people.ROUTES, *routes_records.ROUTES, *routes_help.ROUTES,
]  # fmt: skip
DEFAULT = TenantSettings(exempt=PUNCH_AND_PAYSLIP)
CODE = "ABCDEFGH23"
# Names and words of office 0001 that no intruder sends, so that an answer with one of them has read it.
SECRETS = ("株式会社MKS", "エムケイエス", "植田", "佐藤", "副所長", "203.0.113.77", "R-SECRET", CODE, "ABCDE-FGH23")
DOINGS = ("all", "none", "search", "one", "bulk", "export", "import", "reset", "codes", "issue", "show", "tick-page")
TABLES = {
    "office_settings": "office = '0001'",
    "establishment_settings": "office = '0001'",
    "establishments": "office = '0001'",
    "people": "office = '0001'",
    "setting_changes": "office = '0001'",
    "second_factors": "login_id LIKE 'A0001%' OR login_id LIKE 'B000001%'",
    "registration_codes": "login_id LIKE 'A0001%' OR login_id LIKE 'B000001%'",
    "lockouts": "login_id LIKE '%A0001%' OR login_id LIKE '%B000001%'",
}


async def prepared(world: World) -> dict[str, str]:
    """Office 0001 with settings, people, codes and a record; what its own staff was given as tokens on the way."""
    await fill(world)
    registry, now, who = world.registry, world.now[0], EMPLOYEE.login_id
    world.policy[0] = replace(world.policy[0], registration_code=True)
    stamp = Stamp(STAFF.login_id, now, "203.0.113.77", "R-SECRET")
    office = TenantSettings(True, registration_codes=True)
    await registry.change_office("0001", office, TenantSettings(), 0, stamp)
    await registry.change_office("0002", office, TenantSettings(), 0, replace(stamp, address="", reference=""))
    everything = Selection("0001", frozenset({"000001", "000006"}))
    digest = (await registry.impact(everything, DEFAULT)).digest
    changed = await registry.change_selected(everything, TenantSettings(True), DEFAULT, digest, stamp)
    await enrol(world, EMPLOYEE.login_id)
    code = sealed(world.keys, CODE, COLLEAGUE.login_id)
    await registry.issue_codes([RegistrationCode(COLLEAGUE.login_id, code, now, now + 1e6)], stamp)
    await registry.record(
        AuditEvent(now, "portal.code.accepted", "R-SECRET", who, who, "0001", "000001", "203.0.113.77")
    )
    staff = await world.sign_in(STAFF, proven=True, waiting=None)
    tokens = {"change": getattr(changed, "change", "")}
    await send(staff, "/.sekisho/people", [("shown", EMPLOYEE.login_id), ("id", EMPLOYEE.login_id), ("do", "reset")])
    tokens["reset"] = staff.location
    of_establishment = [("whom", "establishment"), ("establishment", "000001"), ("do", "show")]
    await send(staff, "/.sekisho/people/codes", of_establishment)
    tokens["slips"] = staff.location
    return tokens


def rows(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything that is stored of office 0001."""
    with closing(sqlite3.connect(folder / "registry.db")) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} WHERE {where}").fetchall()
            for table, where in TABLES.items()
        }


def fields(tokens: dict[str, str]) -> list[tuple[str, str]]:
    """Every name that any form or address knows, each with what belongs to office 0001."""
    of = [re.sub(r".*[?&]of=([^&]*).*", r"\1", tokens[name]) for name in ("reset", "slips")]
    codes = [(name, "000001") for name in ("code", "codes", "establishment", "shown", "select", "from", "to", "text")]
    people = [(name, EMPLOYEE.login_id) for name in ("id", "shown", "login_id", "username", "of")]
    tenant = [("office", "0001"), *((name, tokens["change"]) for name in ("change", "done")), *(("of", x) for x in of)]
    change = [("uses", "1"), ("use", "1"), ("use", "yes"), ("confirmed", "1"), ("revision", "1"), ("digest", "x")]
    scope = [("scope", "all"), ("whom", "establishment"), ("until", "2026-12-01"), ("encoding", "utf-8")]
    return [*codes, *people, *tenant, *change, *scope, ("password", "demo"), ("page", "1"), ("days", "90")]


async def tried(intruder: Browser, route: web.RouteDef, given: list[tuple[str, str]]) -> list[str]:
    """Every answer to this route with everything that is foreign, in the address and in the form."""
    path = re.sub(r"\{[^}]+\}", "000001", route.path)
    query = "&".join(f"{name}={value}" for name, value in given)
    if route.method == "GET":
        return [(await intruder.get(f"{path}?{query}")).text]
    texts = []
    for doing in DOINGS:
        await send(intruder, f"{path}?{query}", [*given, ("do", doing)])
        texts.append(intruder.text)
        if intruder.location.startswith("/.sekisho/"):
            texts.append((await intruder.get(intruder.location)).text)
    return texts


INTRUDERS = {
    "staff of another office": (OTHER_STAFF, SECRETS),
    "an administrator of another office's establishment": (OTHER_CHIEF, SECRETS),
    "an administrator of a sister establishment": (NEIGHBOURS_CHIEF, SECRETS),
}


@pytest.mark.parametrize("who", INTRUDERS)
async def test_nothing_of_others_is_read_or_changed_by_any_route(world: World, tmp_path: Path, who: str) -> None:
    subject, secrets = INTRUDERS[who]
    tokens = await prepared(world)
    before = rows(tmp_path)
    assert all(before[table] for table in TABLES if table != "lockouts"), "there is something to read and to change"
    given = fields(tokens)
    intruder = await signed_in(world, subject)
    for route in ROUTES:
        if await intruder.live() is None:  # a reset of their own has signed them out
            intruder = await signed_in(world, subject)
        for text in await tried(intruder, route, given):
            found = [secret for secret in secrets if secret in text]
            assert not found, (route.method, route.path, found)
    assert rows(tmp_path) == before
    assert await world.sessions.present([STAFF.login_id]) == 1


async def signed_in(world: World, subject: Subject) -> Browser:
    return await world.sign_in(subject, proven=True, waiting=None)


async def test_the_same_addresses_and_forms_do_read_what_is_ones_own(world: World) -> None:
    """Otherwise the test above would prove nothing."""
    tokens = await prepared(world)
    mine = await signed_in(world, STAFF)
    read: set[str] = set()
    for route in ROUTES:
        if route.method == "GET":
            name = {"/.sekisho/audit": "text=R-SECRET", "/.sekisho/people": ""}.get(route.path, "code=000001")
            text = (await mine.get(f"{re.sub('{[^}]+}', '000001', route.path)}?{name}")).text
            read |= {secret for secret in SECRETS if secret in text}
    of_establishment = [("whom", "establishment"), ("establishment", "000001"), ("do", "show")]
    await send(mine, "/.sekisho/people/codes", of_establishment)
    slips = (await mine.get(mine.location)).text
    read |= {secret for secret in SECRETS if secret in slips}
    assert read == set(SECRETS) - {CODE}, tokens
