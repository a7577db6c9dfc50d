"""The list of establishments as one session left it: what is picked, what is chosen for it, where the list stands.

It is kept in the registry, so it survives paging, searching and faults, and needs no script.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from gateway.core.normal_forms import normal_form
from gateway.core.selection import Conditions, Picked
from gateway.portal.drafts import LIST, draft, keep_draft
from gateway.portal.establishment_choice import Choice, choice_of, typed_choice
from gateway.portal.settings_now import default_of, own_office, registry_of
from gateway.portal.views_office import Pager, page_number, pager
from gateway.portal.visits import SETTINGS
from gateway.stores.base_tenants import EstablishmentQuery, Selection

PAGE_SIZE = 10
_TYPED = 100  # characters of a condition that are looked at
_STATES = {"use": True, "not": False}


@dataclass(frozen=True, slots=True)
class ListState:
    """What a session keeps of the list."""

    picked: Picked
    choice: Choice
    conditions: Conditions
    page: int

    @property
    def address(self) -> str:
        """Where the list stands."""
        return list_pager(self.conditions, self.page, 0).to(self.page)

    def back(self, **told: str) -> str:
        """The list again, told what came of something."""
        return f"{self.address}&{urlencode(told)}" if told else f"{self.address}#list"


def conditions_of(fields: Mapping[str, Any]) -> Conditions:
    """Search conditions from an address or a form. Ends of the range may be given in either order."""
    code_from, code_to, name, kana = (_typed(fields.get(key)) for key in ("from", "to", "name", "kana"))
    code_from, code_to = (normal_form("NFKC", code).strip() for code in (code_from, code_to))
    if code_to and code_from > code_to:
        code_from, code_to = code_to, code_from
    return Conditions(code_from, code_to, name, kana, _STATES.get(str(fields.get("state"))))


def list_pager(conditions: Conditions, number: int, total: int) -> Pager:
    """Where the list stands, with addresses that keep the conditions."""
    state = {None: "", True: "use", False: "not"}[conditions.uses]
    given = (
        ("from", conditions.code_from),
        ("to", conditions.code_to),
        ("name", conditions.name),
        ("kana", conditions.kana),
        ("state", state),
    )
    return pager(SETTINGS, given, number, PAGE_SIZE, total)


def query_of(request: web.Request, conditions: Conditions) -> EstablishmentQuery:
    """The conditions, among the visitor's own establishments."""
    return EstablishmentQuery(own_office(request), **asdict(conditions))


def selection_of(request: web.Request, picked: Picked) -> Selection:
    """What is picked, among the visitor's own establishments."""
    everything = None if picked.everything is None else query_of(request, picked.everything)
    return Selection(own_office(request), picked.codes, everything)


async def picked_codes(request: web.Request, picked: Picked) -> tuple[str, ...]:
    """The codes of what is picked, in order; those that do not exist (any more) are no part of it."""
    return await registry_of(request).selected_codes(selection_of(request, picked), default_of(request))


async def list_state(request: web.Request) -> ListState:
    """What this session left."""
    kept = await draft(request, LIST)
    everything = kept.get("everything")
    picked = Picked(None if everything is None else Conditions(**everything), frozenset(kept.get("codes", ())))
    choice = typed_choice(kept["choice"]) if "choice" in kept else choice_of(default_of(request), decided=False)
    return ListState(picked, choice, Conditions(**kept.get("conditions", {})), kept.get("page", 1))


async def keep_list_state(request: web.Request, state: ListState) -> None:
    """For the next page of this session."""
    everything = state.picked.everything
    kept = {
        "everything": None if everything is None else asdict(everything),
        "codes": sorted(state.picked.codes),
        "choice": asdict(state.choice),
        "conditions": asdict(state.conditions),
        "page": state.page,
    }
    await keep_draft(request, LIST, kept)


async def posted_state(request: web.Request) -> ListState:
    """The state with what the form of the list brings: boxes ticked and unticked, and what is chosen.

    What changed on this page counts, not what it shows: another window of the same session may have picked more.
    """
    form = await request.post()
    state = await list_state(request)
    shown, was, ticked = (frozenset(map(str, form.getall(name, ())[:PAGE_SIZE])) for name in ("shown", "was", "code"))
    added, removed = (ticked & shown) - was, (was & shown) - ticked
    if added or removed:  # only what the office has
        theirs = frozenset(await picked_codes(request, Picked(None, added | removed)))
        added, removed = added & theirs, removed & (theirs | state.picked.codes)
    picked = await _changed(request, state.picked, added, removed)
    conditions, number = conditions_of(request.query), page_number(request.query.get("page", ""))
    return replace(state, picked=picked, choice=typed_choice(form), conditions=conditions, page=number)


async def _changed(request: web.Request, picked: Picked, added: frozenset[str], removed: frozenset[str]) -> Picked:
    if not added and not removed:
        return picked
    after = picked.changed(added, removed)
    if after is not None:
        return after
    return Picked(None, (frozenset(await picked_codes(request, picked)) | added) - removed)


async def with_all(request: web.Request, picked: Picked, conditions: Conditions) -> Picked:
    """「全チェックON」."""
    after = picked.with_all(conditions)
    if after is not None:
        return after
    found = await picked_codes(request, Picked(conditions))
    return Picked(None, frozenset(await picked_codes(request, picked)) | frozenset(found))


async def without_all(request: web.Request, picked: Picked, conditions: Conditions) -> Picked:
    """「全チェックOFF」."""
    after = picked.without_all(conditions)
    if after is not None:
        return after
    found = await picked_codes(request, Picked(conditions))
    return Picked(None, frozenset(await picked_codes(request, picked)) - frozenset(found))


def _typed(value: object) -> str:
    return value.replace("\0", "").strip()[:_TYPED] if isinstance(value, str) else ""
