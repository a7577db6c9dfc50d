"""Taking a settings file back in: read, compare, show what it will do, then all of it or nothing."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from aiohttp.web_request import FileField

from gateway.core.policy import TenantSettings
from gateway.core.selection import ALL, Picked
from gateway.core.setting_words import as_words, from_words
from gateway.portal.csv_reading import LINE_LIMIT, Known, Reading, Unreadable, read_settings
from gateway.portal.csv_settings import NEEDED, WORDS, Column, allowed, headings
from gateway.portal.drafts import IMPORT as DRAFT
from gateway.portal.drafts import draft, drop_draft, keep_draft
from gateway.portal.office_nav import office_nav
from gateway.portal.selections import list_state, query_of, selection_of
from gateway.portal.settings_bulk import refresh_people, signed_in
from gateway.portal.settings_now import (
    default_of,
    forget_establishments,
    own_office,
    registry_of,
    stamp,
    where_open,
)
from gateway.portal.settings_words import changed_lines, conflict_codes
from gateway.portal.views import Message
from gateway.portal.views_office import FieldFault, page_number, pager
from gateway.portal.views_settings import ImportCheckView, ImportView, LineFault
from gateway.portal.visits import IMPORT, VISIT, page, see_other
from gateway.stores.base_tenants import Conflict

CHECK_PAGE = f"{IMPORT}/check"
_FAULTS_SHOWN = 50
_FAULTS_KEPT = 1000  # to unpack a hundred thousand for a page of fifty would hold the loop for seconds
_LONGEST_NAME = 100


@where_open
async def show(request: web.Request) -> web.Response:
    """GET: choose a file. What was wrong with the last one is told."""
    language = request[VISIT].language
    told = (await draft(request, DRAFT)).get("unreadable") if request.query.get("fault") == "file" else None
    faults = () if told is None else (FieldFault("file", Message(told[0], tuple(map(tuple, told[1])))),)
    columns = [pair for pair in zip(Column, headings(language), strict=True) if pair[0] in NEEDED]
    view = ImportView(
        csrf=request[VISIT].live.record.csrf,
        nav=office_nav(request),
        columns=tuple((heading, allowed(one, language) if one in WORDS else "") for one, heading in columns),
        limit=LINE_LIMIT,
        back=(await list_state(request)).back(),
        faults=faults,
    )
    return page(request, view)


@where_open
async def read(request: web.Request) -> web.Response:
    """POST: read and compare. Nothing is changed yet."""
    sent = (await request.post()).get("file")
    if not isinstance(sent, FileField) or not sent.filename:
        return await _unreadable(request, Message("settings.import.fault.none"))
    with sent.file as opened:
        content = await asyncio.to_thread(opened.read)
    revision, known = await _known(request)
    try:
        reading = await asyncio.to_thread(read_settings, content, known, request[VISIT].language)
    except Unreadable as fault:
        return await _unreadable(request, fault.message)
    await keep_draft(request, DRAFT, _kept(sent.filename, reading, revision, known))
    return see_other(CHECK_PAGE)


async def _unreadable(request: web.Request, message: Message) -> web.Response:
    await keep_draft(request, DRAFT, {"unreadable": [message.key, message.values]})
    return see_other(f"{IMPORT}?fault=file")


async def _known(request: web.Request) -> tuple[int, Mapping[str, Known]]:
    """The office's list, and its revision from before it was read: a change meanwhile is told in the end."""
    selection, default = selection_of(request, Picked(ALL)), default_of(request)
    registry = registry_of(request)
    revision = (await registry.find_establishments(query_of(request, ALL), default, 0, 1)).revision
    known: dict[str, Known] = {}
    async for rows in registry.every_establishment(selection, default):
        known.update((row.code, Known(row.settings, row.pinned)) for row in rows)
    return revision, known


def _kept(file: str, reading: Reading, revision: int, known: Mapping[str, Known]) -> dict[str, Any]:
    before = sum(known[code].settings.uses_second_factor for code, _ in reading.changes)
    changes: dict[str, list[str]] = {}
    for code, settings in reading.changes:
        changes.setdefault(as_words(settings), []).append(code)
    return {
        "of": secrets.token_urlsafe(8),
        "file": file[-_LONGEST_NAME:],
        "lines": reading.lines,
        "zeros": reading.zeros,
        "revision": revision,
        "before": before,
        "changes": changes,
        "faults": [[fault.line, fault.message.key, fault.message.values] for fault in reading.faults[:_FAULTS_KEPT]],
        "wrong": len(reading.faults),
    }


@where_open
async def check(request: web.Request) -> web.Response:
    """GET: what it will do, or every line that stops it."""
    kept = await draft(request, DRAFT)
    if "lines" not in kept:
        return see_other(IMPORT)
    return page(request, await _check_view(request, kept))


async def _check_view(request: web.Request, kept: Mapping[str, Any]) -> ImportCheckView:
    changes, faults = _changes(kept), kept["faults"]
    codes = [code for code, _ in changes]
    people = 0
    if codes and not faults:
        picked = Picked(None, frozenset(codes))
        await refresh_people(request, picked)
        people = (await registry_of(request).impact(selection_of(request, picked), default_of(request))).people
    number = min(page_number(request.query.get("page", "")), max(1, -(-len(faults) // _FAULTS_SHOWN)))
    shown = faults[(number - 1) * _FAULTS_SHOWN : number * _FAULTS_SHOWN]
    return ImportCheckView(
        csrf=request[VISIT].live.record.csrf,
        nav=office_nav(request),
        of=kept["of"],
        file=kept["file"],
        lines=kept["lines"],
        changes=len(changes),
        people=people,
        signed_in=await signed_in(request, codes, people) if people else 0,
        using_before=kept["before"],
        using_after=sum(settings.uses_second_factor for _, settings in changes),
        zeros=kept["zeros"],
        wrong=kept["wrong"],
        bad=tuple(LineFault(line, Message(key, tuple(map(tuple, values)))) for line, key, values in shown),
        pager=pager(CHECK_PAGE, (), number, _FAULTS_SHOWN, len(faults)) if faults else None,
        conflicts=await changed_lines(request, kept.get("conflict", ())),
        back=IMPORT,
    )


@where_open
async def do(request: web.Request) -> web.Response:
    """POST: all of it, or nothing."""
    kept, state = await draft(request, DRAFT), await list_state(request)
    changes = _changes(kept) if kept.get("changes") and not kept.get("faults") else []
    if not changes or (await request.post()).get("of") != kept["of"]:  # another file was read since this page was shown
        return see_other(CHECK_PAGE)
    registry, default = registry_of(request), default_of(request)
    try:
        outcome = await registry.change_rows(own_office(request), changes, default, kept["revision"], stamp(request))
    except ValueError:  # an establishment went away, or was pinned, since the file was read
        return see_other(state.back(fault="gone"))
    if isinstance(outcome, Conflict):
        told = {
            **kept,
            "of": secrets.token_urlsafe(8),
            "revision": outcome.revision,
            "conflict": conflict_codes(outcome),
        }
        await keep_draft(request, DRAFT, told)
        return see_other(CHECK_PAGE)
    await drop_draft(request, DRAFT)
    forget_establishments(request, [code for code, _ in changes])
    return see_other(state.back(done=outcome.change or "same"))


def _changes(kept: Mapping[str, Any]) -> list[tuple[str, TenantSettings]]:
    groups = [(from_words(words), codes) for words, codes in kept["changes"].items()]
    return [(code, settings) for settings, codes in groups for code in codes]
