"""The search of the list of people: conditions in the address, but what was typed of a name or an ID.

Addresses end up in logs of whatever stands in front; so the text stays here, under a word that the address names.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.core.normal_forms import normal_form
from gateway.core.rights import Scope
from gateway.core.typed_dates import typed_date
from gateway.portal.views import Message
from gateway.portal.views_office import FieldFault
from gateway.portal.views_people import PeopleSearch
from gateway.portal.visits import PORTAL, VISIT, Portal, Visit
from gateway.stores.base_people import FactorState, PeopleQuery

DRAFT_SECONDS = 43200.0  # a working day: the longest that a session lasts by default
LONGEST = 100  # characters of a condition
STATES = tuple(state.value for state in FactorState)


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it was typed, and the word under which its text is kept."""

    search: PeopleSearch
    word: str = ""

    @property
    def conditions(self) -> tuple[tuple[str, str], ...]:
        """What the address says, empty ones too."""
        search = self.search
        staff = "1" if search.staff else ""
        return (
            ("establishment", search.establishment),
            ("staff", staff),
            ("state", search.state),
            ("since", search.since),
            ("text", self.word),
        )

    @property
    def readable(self) -> bool:
        """Whether the day that was typed, if any, is one."""
        return not self.search.since or typed_date(self.search.since) is not None


async def asked(request: web.Request) -> Asked:
    """The search that the address of this page names."""
    given = request.query
    word = given.get("text", "")[:32]
    text = ""
    if word:
        kept = await load(request.app[PORTAL], request[VISIT], _draft(word))
        text = kept if isinstance(kept, str) else ""
    return Asked(_search(given, text), word if text else "")


async def typed(request: web.Request, form: Mapping[str, object]) -> Asked:
    """The search that was typed into the form; its text is kept."""
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    text = fields.get("find", "").strip()[:LONGEST]
    word = ""
    if text:
        word = secrets.token_urlsafe(6)
        await keep(request.app[PORTAL], request[VISIT], _draft(word), text)
    return Asked(_search(fields, text), word)


def query_of(search: PeopleSearch, scope: Scope, zone: ZoneInfo) -> PeopleQuery | tuple[FieldFault, ...]:
    """The query within the reader's scope, or what is wrong with it.

    Whoever administers one establishment gets that one, whatever the address says.
    """
    since: float | None = None
    if search.since:
        day = typed_date(search.since)
        if day is None:
            return (FieldFault("since", Message("people.fault.since")),)
        since = datetime.combine(day, time.min, zone).timestamp()
    if scope.establishment is not None:
        establishment: str | None = scope.establishment
    else:
        establishment = "" if search.staff else (search.establishment or None)
    state = FactorState(search.state) if search.state else None
    return PeopleQuery(scope.office, establishment, search.text, state, since)


async def load(portal: Portal, visit: Visit, name: str) -> object:
    """What this session kept under a name; None when there is nothing."""
    data = await portal.offices.registry.draft(_owner(visit), name, portal.clock())
    return None if data is None else json.loads(data)


async def keep(portal: Portal, visit: Visit, name: str, content: object) -> None:
    """Keep something small for this session."""
    data = json.dumps(content, ensure_ascii=False).encode()
    await portal.offices.registry.keep_draft(_owner(visit), name, data, portal.clock() + DRAFT_SECONDS)


async def drop(portal: Portal, visit: Visit, name: str) -> None:
    """Forget it."""
    await portal.offices.registry.drop_draft(_owner(visit), name)


def _search(given: Mapping[str, str], text: str) -> PeopleSearch:
    state = given.get("state", "")
    return PeopleSearch(
        text,
        normal_form("NFKC", given.get("establishment", "")).strip()[:LONGEST],
        given.get("staff", "") == "1",
        state if state in STATES else "",
        given.get("since", "").strip()[:LONGEST],
    )


def _draft(word: str) -> str:
    return f"people-text:{word}"


def _owner(visit: Visit) -> str:
    return visit.live.key.hex()
