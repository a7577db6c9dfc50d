"""The addresses of the pages about audit record, progress and rollout."""

from __future__ import annotations

from aiohttp import web

from gateway.portal import audit, audit_export, progress, rollout
from gateway.portal.visits import AUDIT, OPERATOR_AUDIT, PROGRESS, ROLLOUT

ROUTES: tuple[web.RouteDef, ...] = (
    web.get(AUDIT, audit.show),
    web.get(audit.EXPORT, audit_export.own),
    web.get(PROGRESS, progress.show),
    web.get(ROLLOUT, rollout.show),
    web.get(rollout.OFFICES_FILE, rollout.offices_file),
    web.get(rollout.PEOPLE_FILE, rollout.people_file),
    web.get(OPERATOR_AUDIT, audit.show_all),
    web.get(audit.OPERATOR_EXPORT, audit_export.whole),
)
