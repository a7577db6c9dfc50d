"""Views of the help pages. All are public: whoever cannot sign in must be able to read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from gateway.portal.guides import CHECKED, GROUPS, GUIDES, Guide
from gateway.portal.views import PageName


@dataclass(frozen=True, slots=True)
class Facts:
    """What the help says about this installation.

    `site`: the public address of the help, without a slash at its end; `other`: the address of the same page in the
    other language; `query`: what links between help pages carry so that the chosen language stays.
    """

    tries: int
    lock_seconds: float
    mandatory_from: float | None
    site: str
    path: str = ""
    query: str = ""
    other: str = ""


@dataclass(frozen=True, slots=True)
class InstallView:
    """Which app to get, and the ways to set it up. The enrolment page leads here."""

    name: ClassVar[PageName] = PageName.INSTALL
    facts: Facts
    install: tuple[Guide, ...] = tuple(guide for guide in GUIDES if guide.group == "install")
    enrol: tuple[Guide, ...] = tuple(guide for guide in GUIDES if guide.group == "enrol")


@dataclass(frozen=True, slots=True)
class HelpIndexView:
    """Every guide by name and number."""

    name: ClassVar[PageName] = PageName.HELP
    template: ClassVar[str] = "help-index"
    facts: Facts

    @property
    def groups(self) -> tuple[tuple[str, tuple[Guide, ...]], ...]:
        """The guides under their groups."""
        return tuple((group, tuple(guide for guide in GUIDES if guide.group == group)) for group in GROUPS)


@dataclass(frozen=True, slots=True)
class GuideView:
    """One guide: numbered steps, a picture for each."""

    name: ClassVar[PageName] = PageName.HELP
    guide: Guide
    near: tuple[Guide, ...]
    facts: Facts
    checked: date = CHECKED


@dataclass(frozen=True, slots=True)
class BookletView:
    """Every guide on one page, for printing, but the sheet for clients, which is handed out by itself."""

    name: ClassVar[PageName] = PageName.HELP
    template: ClassVar[str] = "help-print"
    facts: Facts
    guides: tuple[Guide, ...] = tuple(guide for guide in GUIDES if guide.group != "office")
    checked: date = CHECKED
