"""Views of the settings pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gateway.core.selection import Conditions
from gateway.portal.establishment_choice import Choice
from gateway.portal.views import Message, PageName
from gateway.portal.views_office import Banner, FieldFault, OfficeNav, Pager


@dataclass(frozen=True, slots=True)
class SettingsWords:
    """Settings as they are read."""

    uses: bool
    state: Message
    exempt: Message


@dataclass(frozen=True, slots=True)
class EstablishmentLine:
    """One row of the list."""

    code: str
    label: str  # the name, or the code where no name is known
    kana: str
    settings: SettingsWords
    pinned: bool
    picked: bool = False


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A row as somebody else left it."""

    code: str
    label: str
    settings: SettingsWords
    changed_by: str
    changed_at: float | None


@dataclass(frozen=True, slots=True)
class PhaseNote:
    """What the rollout makes of the settings now: a sentence of the catalogue and the date in it."""

    key: str
    at: float | None


@dataclass(frozen=True, slots=True)
class OfficeBlock:
    """The office's own settings. `uses` and `codes` are what was typed, or else what holds; `using` is what holds."""

    uses: bool
    codes: bool
    using: bool
    pinned: bool
    revision: int
    changed_by: str = ""
    changed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The list of establishments. `picked`: how many in all, on whatever page; `searched`: conditions are given."""

    action: str
    conditions: Conditions
    searched: bool
    lines: tuple[EstablishmentLine, ...]
    picked: int
    choice: Choice
    stale: bool
    read_at: float | None


@dataclass(frozen=True, slots=True)
class UndoOffer:
    """The office's last change of establishments. `fresh`: it was made by this very step."""

    change: str
    actor: str
    at: float
    count: int
    settings: SettingsWords | None
    fresh: bool


@dataclass(frozen=True, slots=True)
class SettingsView:
    """The office, then its establishments (D2, D3). `listing` None: they can't be set."""

    name: ClassVar[PageName] = PageName.SETTINGS
    csrf: str
    nav: OfficeNav
    office: OfficeBlock
    phase: PhaseNote | None
    listing: Listing | None
    pager: Pager | None
    undo: UndoOffer | None = None
    banner: Banner | None = None
    faults: tuple[FieldFault, ...] = ()


@dataclass(frozen=True, slots=True)
class OfficeOffView:
    """What happens when the office stops using the second factor; asked before it is done."""

    name: ClassVar[PageName] = PageName.SETTINGS
    template: ClassVar[str] = "settings-office-off"
    csrf: str
    nav: OfficeNav
    codes: bool
    revision: int
    staff: int
    staff_enrolled: int
    establishments: int
    people: int
    enrolled: int


@dataclass(frozen=True, slots=True)
class EstablishmentView:
    """One establishment (「個別登録」). `conflict`: somebody changed it meanwhile; what was typed is kept."""

    name: ClassVar[PageName] = PageName.SETTINGS
    template: ClassVar[str] = "settings-establishment"
    csrf: str
    nav: OfficeNav
    line: EstablishmentLine
    choice: Choice
    revision: int
    changed_by: str
    changed_at: float | None
    back: str
    conflict: ChangedLine | None = None
    phase: PhaseNote | None = None
    faults: tuple[FieldFault, ...] = ()


@dataclass(frozen=True, slots=True)
class BulkView:
    """What a bulk change will do (「一括登録」). `signed_in` None: too many people to ask about. `words`: the settings
    that are shown, as they come back with the form."""

    name: ClassVar[PageName] = PageName.SETTINGS
    template: ClassVar[str] = "settings-bulk"
    csrf: str
    nav: OfficeNav
    establishments: int
    people: int
    enrolled: int
    signed_in: int | None
    using_before: int
    using_after: int
    pinned: int
    settings: SettingsWords
    words: str
    digest: str
    back: str
    changed: bool = False
    conflicts: tuple[ChangedLine, ...] = ()
    phase: PhaseNote | None = None


@dataclass(frozen=True, slots=True)
class ExportView:
    """Which establishments, in which encoding. `lacking`: names that Shift_JIS can't hold."""

    name: ClassVar[PageName] = PageName.SETTINGS
    template: ClassVar[str] = "settings-export"
    nav: OfficeNav
    found: int
    picked: int
    scope: str
    back: str
    lacking: tuple[tuple[str, str, str], ...] = ()  # code, name, the characters
    lacking_more: int = 0


@dataclass(frozen=True, slots=True)
class ImportView:
    """Choose a file."""

    name: ClassVar[PageName] = PageName.SETTINGS
    template: ClassVar[str] = "settings-import"
    csrf: str
    nav: OfficeNav
    columns: tuple[tuple[str, str], ...]  # heading, what may stand there
    limit: int
    back: str
    faults: tuple[FieldFault, ...] = ()


@dataclass(frozen=True, slots=True)
class LineFault:
    """A line that cannot be taken over, and why."""

    line: int
    message: Message


@dataclass(frozen=True, slots=True)
class ImportCheckView:
    """What an import will do, or the lines that stop it: `wrong` of them. `of` names the reading that is shown."""

    name: ClassVar[PageName] = PageName.SETTINGS
    template: ClassVar[str] = "settings-import-check"
    csrf: str
    nav: OfficeNav
    of: str
    file: str
    lines: int
    changes: int
    people: int
    signed_in: int | None
    using_before: int
    using_after: int
    zeros: int
    wrong: int
    bad: tuple[LineFault, ...]
    back: str
    pager: Pager | None = None
    conflicts: tuple[ChangedLine, ...] = ()
