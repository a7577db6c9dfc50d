"""The navigation of office pages: built from what the visitor may open, by the same questions that the guards ask."""

from __future__ import annotations

from aiohttp import web

from gateway.core.rights import administered, may_set
from gateway.portal.views_office import NavTab, OfficeNav
from gateway.portal.visits import AUDIT, OPERATOR_AUDIT, PEOPLE, PORTAL, PROGRESS, ROLLOUT, SETTINGS, VISIT

HOME = "/"
_SETTINGS = NavTab("settings", SETTINGS)
_PEOPLE = NavTab("people", PEOPLE)
_AUDIT = NavTab("audit", AUDIT)
_PROGRESS = NavTab("progress", PROGRESS)
_ROLLOUT = NavTab("rollout", ROLLOUT)
_OPERATOR_AUDIT = NavTab("operator-audit", OPERATOR_AUDIT)


def office_nav(request: web.Request, here: str = "") -> OfficeNav:
    """The navigation for this visitor. `here`: the open tab's name; empty: the one whose address this page is under."""
    visit = request[VISIT]
    subject = visit.live.record.session.subject
    staff, somebody = may_set(subject), administered(subject) is not None
    operator = visit.login_id in request.app[PORTAL].offices.operators
    shown = (
        (_SETTINGS, staff),
        (_PEOPLE, somebody),
        (_AUDIT, staff),
        (_PROGRESS, staff),
        (_ROLLOUT, operator),
        (_OPERATOR_AUDIT, operator),
    )
    tabs = tuple(tab for tab, may in shown if may)
    open_tab = here or next((tab.name for tab in tabs if _under(request.path, tab.address)), "")
    return OfficeNav(visit.login_id, HOME, tabs, open_tab)


def _under(path: str, address: str) -> bool:
    return path == address or path.startswith(address + "/")
