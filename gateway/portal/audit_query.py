"""What was typed into the search of the audit record, read: days in the operator's zone, IDs as they are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from gateway.core.events import GROUPS, EventGroup
from gateway.core.subject import canonical_login_id
from gateway.core.typed_dates import typed_date
from gateway.portal.views import Message
from gateway.portal.views_office import FieldFault
from gateway.portal.views_records import AuditForm
from gateway.stores.base_audit import AuditQuery

_TYPED_LIMIT = 200
_GROUPS = {group.value: group for group in EventGroup}


@dataclass(frozen=True, slots=True)
class Asked:
    """A search: as it was typed, as the registry is asked, or what is wrong with it."""

    form: AuditForm
    query: AuditQuery
    faults: tuple[FieldFault, ...]

    def address(self, path: str, **more: str) -> str:
        """The address of this search at `path`, with more parameters; empty ones are left out."""
        form = self.form
        given = {"from": form.since, "to": form.until, "kind": form.kind, "q": form.text, "office": form.office} | more
        query = urlencode([(name, value) for name, value in given.items() if value])
        return f"{path}?{query}" if query else path


def asked(given: Mapping[str, str], zone: ZoneInfo, office: str | None) -> Asked:
    """Read a search. `office`: the only one that may be seen; None: every office, and one may be asked for."""
    typed = {name: given.get(name, "").strip()[:_TYPED_LIMIT] for name in ("from", "to", "kind", "q", "office")}
    everybody = office is None
    kind = typed["kind"] if typed["kind"] in _GROUPS else ""
    form = AuditForm(typed["from"], typed["to"], kind, typed["q"], typed["office"] if everybody else "", everybody)
    faults: list[FieldFault] = []
    since, until = _day(form.since, "from", faults), _day(form.until, "to", faults)
    if since is not None and until is not None and until < since:
        faults.append(FieldFault("to", Message("audit.fault.order")))
    text = _text(form.text, faults)
    names = tuple(event.value for event in GROUPS[_GROUPS[kind]]) if kind else ()
    query = AuditQuery(
        office if office is not None else form.office or None,
        _midnight(since, zone),
        _midnight(until + timedelta(days=1) if until is not None else None, zone),
        names,
        text,
    )
    return Asked(form, query, tuple(faults))


def _day(typed: str, field: str, faults: list[FieldFault]) -> date | None:
    found = typed_date(typed) if typed else None
    if typed and (found is None or not 1971 <= found.year <= 9998):
        faults.append(FieldFault(field, Message("audit.fault.date")))
        return None
    return found


def _midnight(day: date | None, zone: ZoneInfo) -> float | None:
    return None if day is None else datetime.combine(day, time(), zone).timestamp()


def _text(typed: str, faults: list[FieldFault]) -> str:
    """IDs, codes and references are compared in one spelling: full width and small letters are folded."""
    if not typed:
        return ""
    try:
        return canonical_login_id(typed)
    except ValueError:
        faults.append(FieldFault("q", Message("audit.fault.text")))
        return ""
