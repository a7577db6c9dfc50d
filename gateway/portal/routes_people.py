"""The addresses of the pages about people, resets, registration codes and notices."""

from __future__ import annotations

from aiohttp import web

from gateway.portal import people, people_csv, people_reset, reset
from gateway.portal.visits import PEOPLE, RESET

ROUTES: tuple[web.RouteDef, ...] = (
    web.get(PEOPLE, people.show),
    web.post(PEOPLE, people.act),
    web.get(people.PEOPLE_CSV, people_csv.download),
    web.get(people.PEOPLE_RESET, people_reset.show),
    web.post(people.PEOPLE_RESET, people_reset.reset),
    web.get(RESET, reset.show),
    web.post(RESET, reset.reset),
    web.get(reset.RESET_DONE, reset.done),
)
