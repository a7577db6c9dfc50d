"""What an office's establishments are, what is set for them, and how it changes: the contract of the settings pages.

    roster (who exists, from the directory) ─┐
    entries of the configuration (pins)      ├─► EstablishmentRow: one line of the list, with what holds for it
    settings (what offices stored)          ─┘

Every office has a revision that grows by one with each change of its settings, and each setting remembers the revision
that made it: whoever shows settings remembers the revision, and whoever changes them names it, so that a change made
meanwhile by somebody else is told and never overwritten. Every method takes the office: no row of another is ever read.

Audit events of settings carry `before` and `after` in their detail, in the words of `core.setting_words`; those of
establishments also carry `change`, which is the same for all that one change touched.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.core.policy import TenantSettings


@dataclass(frozen=True, slots=True)
class Establishment:
    """One line of a roster. `kana` is the reading of the name, as far as the directory knows it."""

    code: str
    name: str = ""
    kana: str = ""


@dataclass(frozen=True, slots=True)
class EstablishmentQuery:
    """Which establishments of one office are meant. Empty parts ask nothing; all that are given must hold.

    Codes are compared as text, both ends included. `name` and `kana` are what was typed: stores fold both sides with
    `core.folding.folded`. `uses`: what holds now (pin, setting, entry, default) is to use the second factor, or not.
    """

    office: str
    code_from: str = ""
    code_to: str = ""
    name: str = ""
    kana: str = ""
    uses: bool | None = None


@dataclass(frozen=True, slots=True)
class EstablishmentRow:
    """An establishment with what holds for it. `revision` 0: nothing was ever stored for it."""

    code: str
    name: str
    kana: str
    settings: TenantSettings
    pinned: bool
    revision: int
    changed_at: float | None
    changed_by: str


@dataclass(frozen=True, slots=True)
class EstablishmentPage:
    """Some rows by code, how many there are in all, and the office's revision when they were read."""

    rows: tuple[EstablishmentRow, ...]
    total: int
    revision: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Establishments picked by hand (`everything` None), or everything that a query finds but the `codes`."""

    office: str
    codes: frozenset[str] = frozenset()
    everything: EstablishmentQuery | None = None


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change of a selection would touch. Of the `establishments` in it `pinned` stay as they are written;
    `people` (of the roster), `enrolled` and `using` are those of the others.

    `digest` names exactly these establishments at exactly these revisions: it must come back with the change.
    """

    establishments: int
    people: int
    enrolled: int
    using: int  # establishments that use the second factor before the change
    pinned: int
    digest: str
    revision: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who changes something, when (Unix seconds), from which client address, under which reference."""

    actor: str
    at: float
    address: str
    reference: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A change was made. `change` names it for an undo (empty: nothing differed); `count` rows differ from before."""

    change: str
    count: int
    revision: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """Nothing was changed: what was shown is not what holds now. `rows`: up to 20 that others changed meanwhile, as
    they stand now; empty when only the set of establishments is another one."""

    rows: tuple[EstablishmentRow, ...]
    revision: int


@dataclass(frozen=True, slots=True)
class Undone:
    """What was changed is as it was before; `left` rows were changed again since and stay as they are."""

    count: int
    left: int
    revision: int


@dataclass(frozen=True, slots=True)
class PastChange:
    """A change that can still be undone (`undone_at` None), as the settings page offers it."""

    change: str
    actor: str
    at: float
    count: int
    settings: TenantSettings | None  # None: rows were given different settings (an import)
    undone_at: float | None


@dataclass(frozen=True, slots=True)
class OfficeRow:
    """What is stored for an office; `revision` as in Establishment rows of its own record (0: never stored)."""

    settings: TenantSettings
    revision: int
    changed_at: float | None
    changed_by: str


class Settings(Protocol):
    """Settings of offices and establishments. A change, its audit events and its undo record are one transaction."""

    async def office_row(self, office: str) -> OfficeRow | None:
        """What is stored for the office itself; None when nothing ever was."""

    async def change_office(
        self, office: str, settings: TenantSettings, before: TenantSettings, expected: int, stamp: Stamp
    ) -> OfficeRow | None:
        """Store it, if the stored revision is still `expected` (0: nothing stored). None: it was changed, and is so.

        Recorded as `settings.office.changed` with `before`, which is what held (stored or configured), and after.
        """

    async def find_establishments(
        self, query: EstablishmentQuery, default: TenantSettings, offset: int, limit: int
    ) -> EstablishmentPage:
        """By code. `default`: what holds where neither a setting nor an entry of the configuration says anything."""

    async def establishment_row(self, office: str, code: str, default: TenantSettings) -> EstablishmentRow | None:
        """One establishment of this office's roster; None when it has none of this code."""

    async def selected_codes(self, selection: Selection, default: TenantSettings) -> tuple[str, ...]:
        """The codes of a selection that are in the office's roster, in order."""

    def every_establishment(
        self, selection: Selection, default: TenantSettings
    ) -> AsyncIterator[tuple[EstablishmentRow, ...]]:
        """All rows of a selection, by code, some hundreds at a time: an export holds neither memory nor loop."""

    async def impact(self, selection: Selection, default: TenantSettings) -> Impact:
        """What a change of this selection would touch now."""

    async def change_selected(
        self, selection: Selection, settings: TenantSettings, default: TenantSettings, digest: str, stamp: Stamp
    ) -> Changed | Conflict:
        """Give every selected establishment (but the pinned) these settings, if `impact` would still say `digest`.

        One audit event `settings.establishment.changed` per row that differs, with before and after; what already
        holds, stored or not, is left alone.
        """

    async def change_rows(
        self,
        office: str,
        rows: Sequence[tuple[str, TenantSettings]],
        default: TenantSettings,
        revision: int,
        stamp: Stamp,
    ) -> Changed | Conflict:
        """Give each establishment (code, settings) its own, all or none. A conflict when one of them was changed
        after the office's `revision` that the person saw. Codes that are not in the roster or pinned: ValueError.

        The single edit (one row) and the CSV import (many) both end here.
        """

    async def last_change(self, office: str) -> PastChange | None:
        """The office's latest change of establishments."""

    async def undo_change(self, office: str, change: str, stamp: Stamp) -> Undone | None:
        """Put back what this change altered, where nobody altered it since; None when there is no such change of this
        office, or it was undone already. Recorded as `settings.establishment.undone`."""


class Roster(Protocol):
    """Who exists: establishments and people as the directory knows them, kept for searching."""

    async def replace_configured(
        self,
        digest: str,
        establishments: Iterable[tuple[str, Establishment]],
        entries: Iterable[tuple[str, str, TenantSettings, bool]],
        people: Iterable[PersonLine],
    ) -> bool:
        """Take over what configuration and CSV files list (office → establishments; entries as office, establishment,
        settings, pinned), in place of what they listed before. False, and nothing done, when `digest` is the one noted
        already. Establishments and people of other sources stay."""

    async def replace_establishments(self, office: str, rows: Iterable[Establishment], at: float) -> None:
        """Take over an office's list from the operator's database; those that it has no more are gone."""

    async def replace_people(self, office: str, establishment: str, people: Iterable[PersonLine], at: float) -> None:
        """The same for the people of one establishment (or, with an empty one, the office's own staff)."""

    async def read_at(self, office: str, establishment: str | None = None) -> float | None:
        """When the list of establishments (or of an establishment's people) last came from the operator's database."""

    async def note_people(self, noted: Sequence[tuple[PersonLine, float]]) -> None:
        """Remember who signed in, and when; an establishment that was unknown joins the roster without a name. Of two
        about one person the later in the sequence counts."""


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A person of the roster. `kind` is a `core.subject.Kind` value."""

    login_id: str
    kind: str
    office: str
    establishment: str = ""
    employee: str = ""
    role: str = ""
    name: str = ""


class Drafts(Protocol):
    """Work in progress of one session: a selection that survives paging, an import between preview and doing."""

    async def draft(self, owner: str, name: str, now: float) -> bytes | None:
        """What was kept, unless it ended."""

    async def keep_draft(self, owner: str, name: str, data: bytes, expires_at: float) -> None:
        """Keep it in place of an earlier one. Of those called `kind:…` an owner has the hundred that end last."""

    async def drop_draft(self, owner: str, name: str) -> None:
        """Forget it."""
