"""The addresses of the pages about audit record, progress and rollout."""

from __future__ import annotations

from aiohttp import web

from gateway.portal import audit, audit_export, progress
from gateway.portal.visits import AUDIT, OPERATOR_AUDIT, PROGRESS

ROUTES: tuple[web.RouteDef, ...] = (
    web.get(AUDIT, audit.show),
    web.get(audit.EXPORT, audit_export.own),
    web.get(PROGRESS, progress.show),
    web.get(OPERATOR_AUDIT, audit.show_all),
    web.get(audit.OPERATOR_EXPORT, audit_export.whole),
)
