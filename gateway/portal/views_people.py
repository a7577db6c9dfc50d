"""Views of people and of resets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gateway.portal.views import Message, PageName
from gateway.portal.views_office import Banner, FieldFault, OfficeNav, Pager


@dataclass(frozen=True, slots=True)
class StateWords:
    """How a person stands, in words. `at`: when they enrolled, or when the lock ends; None: no time belongs to it."""

    state: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One person of a list. `establishment` is empty for an office's own staff. `way`: `tick` (may be reset from
    here), `own` (this is the reader), or `none`."""

    login_id: str
    name: str
    establishment: str
    establishment_name: str
    stands: StateWords
    way: str = "tick"
    ticked: bool = False


@dataclass(frozen=True, slots=True)
class PeopleSearch:
    """What was asked for, as it was typed."""

    text: str = ""
    establishment: str = ""
    staff: bool = False
    state: str = ""
    since: str = ""

    @property
    def empty(self) -> bool:
        """Whether everybody is asked for."""
        return self == PeopleSearch()


@dataclass(frozen=True, slots=True)
class PeopleView:
    """The list of people with its search and its selection. `here`: the page's own address with its conditions.

    `whole_office`: the reader sees an office, not one establishment alone. `stale`: the list could not be brought up
    to date; it is as it was at `read_at`. `partial`: of establishments that nobody has looked at yet, only those are
    listed who have signed in.
    """

    name: ClassVar[PageName] = PageName.PEOPLE
    csrf: str
    nav: OfficeNav
    here: str
    search: PeopleSearch
    whole_office: bool
    states: tuple[str, ...]
    lines: tuple[PersonLine, ...]
    pager: Pager
    selected: int
    at_most: int
    csv: tuple[tuple[Message, str], ...]
    codes: bool = False  # the office demands registration codes
    stale: bool = False
    read_at: float | None = None
    partial: bool = False
    faults: tuple[FieldFault, ...] = ()
    banner: Banner | None = None


@dataclass(frozen=True, slots=True)
class PasswordState:
    """Whether a password may be typed: `until` a lock stands, or it is `stopped` until somebody resets."""

    until: float | None = None
    stopped: bool = False

    @property
    def barred(self) -> bool:
        """Whether none is checked now."""
        return self.stopped or self.until is not None


@dataclass(frozen=True, slots=True)
class PeopleResetView:
    """Who is about to be reset, and the reader's own password. `of` names this very list."""

    name: ClassVar[PageName] = PageName.RESET
    template: ClassVar[str] = "people-reset"
    csrf: str
    nav: OfficeNav
    account: str
    of: str
    back: str
    lines: tuple[PersonLine, ...]
    refused: tuple[str, ...] = ()
    own: bool = False
    password: PasswordState = PasswordState()
    faults: tuple[FieldFault, ...] = ()


@dataclass(frozen=True, slots=True)
class ResetView:
    """One's own second factor, about to be reset."""

    name: ClassVar[PageName] = PageName.RESET
    csrf: str
    account: str
    back: str
    password: PasswordState = PasswordState()
    faults: tuple[FieldFault, ...] = ()


@dataclass(frozen=True, slots=True)
class ResetDoneView:
    """One's own second factor has been reset; the session is over."""

    name: ClassVar[PageName] = PageName.RESET
    template: ClassVar[str] = "reset-done"
    sign_in_page: str
