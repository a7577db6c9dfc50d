"""An office with fourteen establishments and a neighbour, and a person who fills in forms as a browser without scripts
does: every field that the page has goes with the button that is pressed."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any, cast

from gateway.core.policy import TenantSettings
from gateway.core.subject import Feature, Kind, Subject
from gateway.stores.base_audit import AuditEvent, AuditQuery
from gateway.stores.base_tenants import Establishment, PersonLine, Stamp
from tests.portal.conftest import PUNCH_AND_PAYSLIP, STAFF, Browser, World

SETTINGS = "/.sekisho/settings"
DEFAULT = TenantSettings(exempt=PUNCH_AND_PAYSLIP)
USED = TenantSettings(True, frozenset({Feature.PAYSLIP_OWN}))
DEPUTY = Subject("A00010002", Kind.OFFICE, "0001", "", "0002", "", "副所長")
NAMES = ("株式会社MKS", "有限会社ソーシャル", "株式会社エムゲーシステム", "𠮷野家商店")
OWN = tuple(f"{number:06d}" for number in range(1, 15))
PINNED = "000014"
FOREIGN = "900001"  # of the other office
ESTABLISHMENTS = (
    *(
        ("0001", Establishment(code, NAMES[place % 4], "エムケイエス" if place == 0 else ""))
        for place, code in enumerate(OWN)
    ),
    ("0002", Establishment(FOREIGN, "よその会社", "ヨソノカイシャ")),
)
_ATTRIBUTE = re.compile(r'([a-z-]+)(?:="([^"]*)")?')


async def fill(world: World, *, uses: bool = True) -> None:
    """The roster: two people in each establishment, one pinned establishment; the office uses the second factor."""
    people = [person(f"B{code}0{number}", "0001", code) for code in OWN for number in (1, 2)]
    people += [person(f"B{FOREIGN}01", "0002", FOREIGN), person("A00010001", "0001"), person("A00010002", "0001")]
    entries = [("0001", PINNED, TenantSettings(True), True)]
    await world.registry.replace_configured("test", ESTABLISHMENTS, entries, people)
    if uses:
        for office in ("0001", "0002"):
            stamp = Stamp("A00019999", world.now[0] - 86400, "192.0.2.9", "R-0")
            await world.registry.change_office(office, TenantSettings(True), TenantSettings(), 0, stamp)


def person(login_id: str, office: str, establishment: str = "") -> PersonLine:
    kind = Kind.ESTABLISHMENT if establishment else Kind.OFFICE
    return PersonLine(login_id, kind.value, office, establishment, login_id[-2:])


async def staff(world: World, subject: Subject = STAFF) -> Browser:
    """Somebody of the office who has entered a code."""
    return await world.sign_in(subject, waiting=None, proven=True)


async def settings(world: World, code: str, office: str = "0001") -> TenantSettings:
    """What holds for an establishment."""
    row = await world.registry.establishment_row(office, code, DEFAULT)
    assert row is not None
    return row.settings


async def change(world: World, code: str, wanted: TenantSettings, by: Subject = DEPUTY) -> None:
    """Somebody else sets an establishment meanwhile."""
    row = await world.registry.establishment_row(by.office, code, DEFAULT)
    assert row is not None
    stamp = Stamp(by.login_id, world.now[0], "192.0.2.9", "R-1")
    await world.registry.change_rows(by.office, [(code, wanted)], DEFAULT, row.revision, stamp)


async def events(world: World, name: str) -> list[AuditEvent]:
    """What the audit record holds of this name, newest first."""
    page = await world.registry.find_events(AuditQuery(None, names=(name,)), None, 1000)
    return [one.event for one in page.events]


async def open_list(browser: Browser, query: str = "") -> Browser:
    await browser.get(SETTINGS + query)
    assert browser.status == 200
    return browser


async def press(
    browser: Browser,
    button: str,
    *,
    tick: Iterable[str] = (),
    untick: Iterable[str] = (),
    fields: dict[str, str] | None = None,
) -> Browser:
    """Tick and untick boxes of the page that is open, fill fields, press a button of the list, see what follows."""
    action, sent = form_of(browser.text, f'name="do" value="{button}"')
    taken_off = {("code", code) for code in untick}
    sent = [pair for pair in sent if pair not in taken_off and pair[0] not in (fields or {})]
    sent += [("code", code) for code in tick] + [pair for pair in (fields or {}).items() if pair[1]]
    return await send(browser, action, [*sent, ("do", button)])


async def submit(browser: Browser, action: str, fields: dict[str, str | None] | None = None) -> Browser:
    """Send the page's form to this address with some fields filled in otherwise; None: not sent."""
    address, sent = form_of(browser.text, f'action="{action}')
    sent = [pair for pair in sent if pair[0] not in (fields or {})]
    return await send(
        browser, address, sent + [(name, value) for name, value in (fields or {}).items() if value is not None]
    )


async def send(browser: Browser, path: str, fields: list[tuple[str, str]]) -> Browser:
    """As a browser does: fields in order, some of them several times; then the page that all this leads to."""
    await browser._ask("POST", path, cast("dict[str, str]", cast("Any", fields)), {})
    while browser.status == 303:
        await browser.get(browser.location.partition("#")[0])
    return browser


def form_of(page: str, mark: str) -> tuple[str, list[tuple[str, str]]]:
    """Where the form with this mark in it goes, and its fields as they stand."""
    form = next(form for form in re.findall(r"<form\b.*?</form>", page, re.DOTALL) if mark in form)
    fields = []
    for tag in re.findall(r"<input\b([^>]*)>", form):
        given = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(tag)}
        if given.get("type") not in ("checkbox", "radio") or "checked" in given:
            fields.append((given["name"], given.get("value", "")))
    for name, options in re.findall(r'<select\b[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields.append((name, chosen[1] if chosen else ""))
    action = re.search(r'action="([^"]*)"', form)
    assert action is not None
    return html.unescape(action[1]), fields


def shown(browser: Browser) -> list[str]:
    """The codes of the page's rows."""
    return re.findall(r'name="shown" value="([^"]*)"', browser.text)


def ticked(browser: Browser) -> set[str]:
    """The codes whose boxes are ticked."""
    return set(re.findall(r'name="code" value="([^"]*)" checked', browser.text))


def picked(browser: Browser) -> str:
    """What the page says of the selection."""
    found = re.search(r'role="status">([^<]*)<', browser.text)
    assert found is not None
    return re.sub(r"<[^>]*>", "", found[1])


def heading(browser: Browser) -> str:
    found = re.search(r"<h1>(.*?)</h1>", browser.text, re.DOTALL)
    assert found is not None
    return re.sub(r"<[^>]*>", "", found[1])


def told(browser: Browser) -> str:
    """The words of the banner and of the error summary."""
    parts = re.findall(r'<section class="banner.*?</section>|<div class="summary".*?</div>', browser.text, re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", part) for part in parts).strip()
