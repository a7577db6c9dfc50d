"""「ファイル出力」: settings as a file for spreadsheets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.core.selection import Picked
from gateway.portal.csv_files import WINDOWS, send_csv, unwritable
from gateway.portal.csv_settings import headings, line_of
from gateway.portal.office_nav import office_nav
from gateway.portal.selections import ListState, list_state, query_of, selection_of
from gateway.portal.settings_listing import EXPORT_PAGE, picked_count
from gateway.portal.settings_now import default_of, registry_of, where_open
from gateway.portal.views_settings import ExportView
from gateway.portal.visits import PORTAL, VISIT, page, see_other
from gateway.stores.base_tenants import EstablishmentRow

FILE = f"{EXPORT_PAGE}/file"
_SHOWN = 20
_PICKED = "picked"


@where_open
async def show(request: web.Request) -> web.Response:
    """GET: what to write and how. `?lacking=` names what Shift_JIS cannot hold."""
    state = await list_state(request)
    scope = _PICKED if request.query.get("scope", _PICKED) == _PICKED and not state.picked.nothing else "found"
    lacking = await _lacking(request, state, scope) if request.query.get("lacking") else []
    query = query_of(request, state.conditions)
    found = await registry_of(request).find_establishments(query, default_of(request), 0, 1)
    view = ExportView(
        nav=office_nav(request),
        found=found.total,
        picked=await picked_count(request, state.picked, state.conditions, found.total),
        scope=scope,
        back=state.back(),
        lacking=tuple(lacking[:_SHOWN]),
        lacking_more=max(0, len(lacking) - _SHOWN),
    )
    return page(request, view)


@where_open
async def send(request: web.Request) -> web.StreamResponse:
    """GET: the file, in pieces. Names that Shift_JIS cannot hold are told before anything is written."""
    state, query = await list_state(request), request.query
    scope = _PICKED if query.get("scope") == _PICKED else "found"
    if query.get("encoding") == WINDOWS and not query.get("replace") and await _lacking(request, state, scope):
        return see_other(f"{EXPORT_PAGE}?{urlencode({'lacking': 1, 'scope': scope})}")
    language, zone = request[VISIT].language, request.app[PORTAL].renderer.service.time_zone

    async def pieces() -> AsyncIterator[list[list[str]]]:
        async for rows in _rows(request, state, scope):
            yield [line_of(row, language) for row in rows]

    return await send_csv(request, _stem(request.app[PORTAL].clock(), zone), headings(language), pieces())


async def _lacking(request: web.Request, state: ListState, scope: str) -> list[tuple[str, str, str]]:
    """Rows with characters that Shift_JIS has not: code, name, the characters."""
    found = []
    async for rows in _rows(request, state, scope):
        for row in rows:
            characters = unwritable(f"{row.code}{row.name}{row.kana}")
            if characters:
                found.append((row.code, row.name, characters))
    return found


async def _rows(request: web.Request, state: ListState, scope: str) -> AsyncIterator[Sequence[EstablishmentRow]]:
    picked = state.picked if scope == _PICKED else Picked(state.conditions)
    every = registry_of(request).every_establishment(selection_of(request, picked), default_of(request))
    async for rows in every:
        yield rows


def _stem(now: float, zone: ZoneInfo) -> str:
    """The file's name, with the day: files of several days lie beside each other."""
    return f"2fa-settings-{datetime.fromtimestamp(now, zone):%Y%m%d}"
