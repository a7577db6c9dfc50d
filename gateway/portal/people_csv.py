"""The list of people as a file: everybody whom the search finds, not one page alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.portal.csv_files import Lines, send_csv
from gateway.portal.guards import for_administrators
from gateway.portal.pages import translate
from gateway.portal.people import scope_of
from gateway.portal.people_search import asked, query_of
from gateway.portal.visits import PEOPLE, PORTAL, VISIT, see_other
from gateway.stores.base_people import PeopleQuery, PersonRow

AT_A_TIME = 1000
_COLUMNS = ("id", "name", "establishment", "establishment-name", "employee", "state", "enrolled", "locked")


@for_administrators
async def download(request: web.Request) -> web.StreamResponse:
    """GET: the file."""
    portal, visit = request.app[PORTAL], request[VISIT]
    seen = await asked(request)
    zone = portal.renderer.service.time_zone
    query = query_of(seen.search, scope_of(visit), zone)
    if not isinstance(query, PeopleQuery):
        return see_other(f"{PEOPLE}?{request.rel_url.raw_query_string}")
    headings = [translate(visit.language, f"people.column.{column}") for column in _COLUMNS]
    today = datetime.fromtimestamp(portal.clock(), zone)
    return await send_csv(request, f"people-{today:%Y%m%d}", headings, _pieces(request, query, zone))


async def _pieces(request: web.Request, query: PeopleQuery, zone: ZoneInfo) -> AsyncIterator[Lines]:
    registry, language = request.app[PORTAL].offices.registry, request[VISIT].language
    now, offset = request.app[PORTAL].clock(), 0
    while rows := (await registry.find_people(query, now, offset, AT_A_TIME)).rows:
        offset += len(rows)
        yield [_cells(row, zone, language) for row in rows]


def _cells(row: PersonRow, zone: ZoneInfo, language: str) -> tuple[str, ...]:
    state = translate(language, f"people.state.{row.state.value}")
    times = (_time(row.enrolled_at, zone), _time(row.locked_until, zone))
    return (row.login_id, row.name, row.establishment, row.establishment_name, row.employee, state, *times)


def _time(at: float | None, zone: ZoneInfo) -> str:
    return "" if at is None else f"{datetime.fromtimestamp(at, zone):%Y/%m/%d %H:%M}"
