"""「2要素認証設定」: the office's own settings, then its establishments (D2, D3)."""

from __future__ import annotations

from aiohttp import web

from gateway.portal.drafts import OFFICE, UNDONE, draft
from gateway.portal.guards import for_staff
from gateway.portal.office_nav import office_nav
from gateway.portal.settings_listing import listing_of
from gateway.portal.settings_now import OfficeNow, office_now, own_office, registry_of
from gateway.portal.settings_words import phase_note, words_of
from gateway.portal.views import Message
from gateway.portal.views_office import Banner, BannerKind, FieldFault
from gateway.portal.views_settings import OfficeBlock, SettingsView, UndoOffer
from gateway.portal.visits import PORTAL, VISIT, page

_FAULTS = {
    "none": FieldFault("list", Message("settings.fault.none")),
    "one": FieldFault("list", Message("settings.fault.one")),
    "uses": FieldFault("uses-1", Message("settings.fault.uses")),
    "office": FieldFault("office-1", Message("settings.fault.office")),
    "office-changed": FieldFault("office-1", Message("settings.fault.office-changed")),
}
_REFUSALS = frozenset({"closed", "pinned", "undo", "gone", "nothing"})
_JUST_NOW = 600.0  # seconds: how long the address of a page that tells of a success may be opened again


@for_staff
async def show(request: web.Request) -> web.Response:
    """GET: everything; `?done=`, `?undone=` and `?fault=` say what came of the last step."""
    now = await office_now(request)
    listing, where = await listing_of(request) if now.open else (None, None)
    fault = _FAULTS.get(request.query.get("fault", ""))
    view = SettingsView(
        csrf=request[VISIT].live.record.csrf,
        nav=office_nav(request),
        office=await _office_block(request, now),
        phase=phase_note(request),
        listing=listing,
        pager=where,
        undo=await _undo_offer(request) if now.open else None,
        banner=await _banner(request, now),
        faults=() if fault is None else (fault,),
    )
    return page(request, view)


async def _office_block(request: web.Request, now: OfficeNow) -> OfficeBlock:
    """What holds; after a refused change, what was typed."""
    by, at = ("", None) if now.row is None else (now.row.changed_by, now.row.changed_at)
    refused = request.query.get("fault", "").startswith("office") and not now.pinned
    typed = await draft(request, OFFICE) if refused else {}
    uses = bool(typed.get("uses", now.settings.uses_second_factor))
    codes = bool(typed.get("codes", now.settings.registration_codes))
    return OfficeBlock(uses, codes, now.settings.uses_second_factor, now.pinned, now.revision, by, at)


async def _undo_offer(request: web.Request) -> UndoOffer | None:
    """The last change, unless it was taken back."""
    last = await registry_of(request).last_change(own_office(request))
    if last is None or last.undone_at is not None:
        return None
    words = None if last.settings is None else words_of(last.settings)
    return UndoOffer(last.change, last.actor, last.at, last.count, words, request.query.get("done") == last.change)


async def _banner(request: web.Request, now: OfficeNow) -> Banner | None:
    """What came of the last step. An address alone claims nothing: every success is looked up."""
    query, visit = request.query, request[VISIT]
    if query.get("fault") in _REFUSALS:
        return Banner(BannerKind.FAULT, Message(f"settings.refused.{query['fault']}"))
    if query.get("done") == "same":
        return Banner(BannerKind.NOTE, Message("settings.done.same"))
    if query.get("done") == "office" and now.row is not None and now.row.changed_by == visit.login_id:
        recent = now.row.changed_at is not None and request.app[PORTAL].clock() - now.row.changed_at < _JUST_NOW
        state = "on" if now.settings.uses_second_factor else "off"
        done = Banner(BannerKind.DONE, Message("settings.done.office"), (Message(f"settings.done.office.{state}"),))
        return done if recent else None
    if "undone" in query:
        undone = await draft(request, UNDONE)
        if undone.get("change") == query["undone"]:
            counts = (("count", f"{undone['count']:,}"), ("left", f"{undone['left']:,}"))
            left = (Message("settings.undone.left", counts),) if undone["left"] else ()
            return Banner(BannerKind.DONE, Message("settings.undone", counts), left)
    return None
