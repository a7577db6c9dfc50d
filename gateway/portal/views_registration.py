"""Views of registration codes and of the notice of an enrolment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from gateway.portal.views import BackLink, Message, PageName
from gateway.portal.views_office import Banner, FieldFault, OfficeNav, Pager


@dataclass(frozen=True, slots=True)
class RegistrationView:
    """One field for the registration code. `typed`: what was typed before, when something was wrong with it."""

    name: ClassVar[PageName] = PageName.REGISTRATION
    csrf: str
    account: str
    tries: int
    lock_seconds: float
    typed: str = field(default="", repr=False)
    faults: tuple[FieldFault, ...] = ()
    back: BackLink | None = None


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A second factor was registered: when, from where. `onward` leads on without saying that it was oneself."""

    name: ClassVar[PageName] = PageName.NOTICE
    csrf: str
    account: str
    enrolled_at: float
    enrolled_from: str
    onward: str


@dataclass(frozen=True, slots=True)
class CodesView:
    """Whom registration codes are issued to, and until when. `ticked`: how many are ticked in the list of people.

    `demanded` False: the office demands no codes, and all that there is is this hint; `settings`: where that changes,
    for whom may. `establishments`: whether the reader may name one; else it is their own.
    """

    name: ClassVar[PageName] = PageName.REGISTRATION
    template: ClassVar[str] = "registration-codes"
    csrf: str
    nav: OfficeNav
    demanded: bool
    whole_office: bool
    ticked: int
    whom: str
    establishment: str
    until: str
    renew: bool
    settings: str = ""
    faults: tuple[FieldFault, ...] = ()
    banner: Banner | None = None


@dataclass(frozen=True, slots=True)
class Slip:
    """One person's registration code as it is handed to them. `code` in groups; `until` in Unix seconds."""

    login_id: str
    name: str
    establishment: str
    code: str = field(repr=False)
    until: float


@dataclass(frozen=True, slots=True)
class SlipsView:
    """Slips to print, some at a time. `of` names the list; `without`: people of it who have no code (any more)."""

    name: ClassVar[PageName] = PageName.REGISTRATION
    template: ClassVar[str] = "registration-slips"
    csrf: str
    nav: OfficeNav
    of: str
    address: str
    slips: tuple[Slip, ...]
    pager: Pager
    csv: tuple[tuple[str, Message], ...]
    without: int = 0
    banner: Banner | None = None
    faults: tuple[FieldFault, ...] = ()
