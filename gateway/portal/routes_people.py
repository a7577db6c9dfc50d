"""The addresses of the pages about people, resets, registration codes and notices."""

from __future__ import annotations

from aiohttp import web

from gateway.portal import notice, people, people_csv, people_reset, registration, registration_issue, reset
from gateway.portal.visits import NOTICE, PEOPLE, REGISTRATION, RESET

ROUTES: tuple[web.RouteDef, ...] = (
    web.get(PEOPLE, people.show),
    web.post(PEOPLE, people.act),
    web.get(people.PEOPLE_CSV, people_csv.download),
    web.get(people.PEOPLE_RESET, people_reset.show),
    web.post(people.PEOPLE_RESET, people_reset.reset),
    web.get(RESET, reset.show),
    web.post(RESET, reset.reset),
    web.get(reset.RESET_DONE, reset.done),
    web.get(REGISTRATION, registration.show),
    web.post(REGISTRATION, registration.check),
    web.get(registration_issue.CODES, registration_issue.show),
    web.post(registration_issue.CODES, registration_issue.act),
    web.get(registration_issue.SLIPS, registration_issue.show_slips),
    web.post(registration_issue.CODES_CSV, registration_issue.download),
    web.get(NOTICE, notice.show),
    web.post(NOTICE, notice.confirm),
)
