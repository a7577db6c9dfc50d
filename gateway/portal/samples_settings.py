"""Made-up views of the settings pages."""

from __future__ import annotations

from gateway.core.selection import Conditions
from gateway.portal.establishment_choice import Choice
from gateway.portal.views import Message, View
from gateway.portal.views_office import Banner, BannerKind, FieldFault, NavTab, OfficeNav, pager
from gateway.portal.views_settings import (
    BulkView,
    ChangedLine,
    EstablishmentLine,
    EstablishmentView,
    ExportView,
    ImportCheckView,
    ImportView,
    LineFault,
    Listing,
    OfficeBlock,
    OfficeOffView,
    PhaseNote,
    SettingsView,
    SettingsWords,
    UndoOffer,
)

_CSRF = "sample"
_NOON = 1_795_230_000.0
_LIST = "/.sekisho/settings"
_NAV = OfficeNav("A00010001", "/", (NavTab("settings", _LIST), NavTab("people", "/.sekisho/people")), "settings")
_USED = SettingsWords(True, Message("settings.uses"), Message("settings.exempt.payslip+punch"))
_UNUSED = SettingsWords(False, Message("settings.unused"), Message("settings.exempt.none"))
_LINES = (
    EstablishmentLine("000001", "株式会社MKS", "カブシキガイシャエムケイエス", _USED, False, True),
    EstablishmentLine("000006", "株式会社エムゲーシステム", "", _UNUSED, True),
)
_PAGER = pager(_LIST, (("name", "株式会社"),), 2, 10, 1234)
_CHANGED = (ChangedLine("000001", "株式会社MKS", _USED, "A00010002", _NOON),)
_DATE = PhaseNote("settings.phase.until", _NOON)


def _listing(*, found: bool, stale: bool) -> Listing:
    return Listing(
        action=_PAGER.to(2),
        conditions=Conditions("000001", "000099", "株式会社", "", True),
        searched=True,
        lines=_LINES if found else (),
        picked=3,
        choice=Choice("1", True, True, "notifications"),
        stale=stale,
        read_at=_NOON if found else None,
    )


def _office(*, uses: bool, pinned: bool = False) -> OfficeBlock:
    return OfficeBlock(uses, True, uses, pinned, 3, "A00010001", _NOON)


def _bulk(signed_in: int | None, *, changed: bool) -> BulkView:
    return BulkView(
        csrf=_CSRF,
        nav=_NAV,
        establishments=12,
        people=340,
        enrolled=41,
        signed_in=signed_in,
        using_before=2,
        using_after=12,
        pinned=1 if changed else 0,
        settings=_USED,
        words="use=1 exempt=payslip.own",
        digest="sample",
        back=_LIST,
        changed=changed,
        conflicts=_CHANGED if changed else (),
        phase=PhaseNote("settings.phase.mandatory", None),
    )


def _check(changes: int, *, bad: bool = False, conflicts: bool = False) -> ImportCheckView:
    faults = (LineFault(3, Message("settings.import.line.unknown", (("code", "999999"),))),) if bad else ()
    return ImportCheckView(
        csrf=_CSRF,
        nav=_NAV,
        of="sample",
        file="settings.csv",
        lines=14,
        changes=changes,
        people=340,
        signed_in=None if conflicts else 3,
        using_before=2,
        using_after=12,
        zeros=4,
        wrong=60 if bad else 0,
        bad=faults,
        back=f"{_LIST}/import",
        pager=pager(f"{_LIST}/import/check", (), 1, 50, 60) if bad else None,
        conflicts=_CHANGED if conflicts else (),
    )


_COLUMNS = (("事業所コード", ""), ("2要素認証", "利用する / 利用しない"))
_FILE_FAULT = FieldFault("file", Message("settings.import.fault.none"))
SETTINGS: tuple[View, ...] = (
    SettingsView(_CSRF, _NAV, OfficeBlock(False, False, False, False, 0), _DATE, None, None),
    SettingsView(
        _CSRF,
        _NAV,
        _office(uses=True),
        _DATE,
        _listing(found=True, stale=True),
        _PAGER,
        UndoOffer("change", "A00010001", _NOON, 12, _USED, fresh=True),
    ),
    SettingsView(
        _CSRF,
        _NAV,
        _office(uses=True, pinned=True),
        PhaseNote("settings.phase.before", _NOON),
        _listing(found=False, stale=True),
        pager(_LIST, (), 1, 10, 0),
        UndoOffer("change", "A00010001", _NOON, 12, None, fresh=False),
        Banner(BannerKind.DONE, Message("settings.done.office"), (Message("settings.done.office.on"),)),
        (FieldFault("uses-1", Message("settings.fault.uses")), FieldFault("list", Message("settings.fault.none"))),
    ),
    SettingsView(
        _CSRF,
        _NAV,
        _office(uses=False),
        None,
        None,
        None,
        faults=(FieldFault("office-1", Message("settings.fault.office")),),
    ),
    OfficeOffView(
        _CSRF, _NAV, codes=True, revision=3, staff=5, staff_enrolled=4, establishments=12, people=340, enrolled=41
    ),
    EstablishmentView(_CSRF, _NAV, _LINES[0], Choice(), 3, "A00010001", _NOON, _LIST, phase=_DATE),
    EstablishmentView(_CSRF, _NAV, _LINES[1], Choice("0"), 0, "", None, _LIST),
    EstablishmentView(
        _CSRF,
        _NAV,
        _LINES[0],
        Choice("1", True),
        4,
        "A00010002",
        _NOON,
        _LIST,
        _CHANGED[0],
        faults=(FieldFault("uses-1", Message("settings.fault.uses")),),
    ),
    _bulk(3, changed=False),
    _bulk(None, changed=True),
    ExportView(_NAV, 1234, 3, "picked", _LIST),
    ExportView(_NAV, 1234, 0, "found", _LIST, (("000001", "𠮷野家", "𠮷"),), 5),
    ImportView(_CSRF, _NAV, _COLUMNS, 100_000, _LIST),
    ImportView(_CSRF, _NAV, _COLUMNS, 100_000, _LIST, (_FILE_FAULT,)),
    _check(12),
    _check(12, conflicts=True),
    _check(0),
    _check(0, bad=True),
)
