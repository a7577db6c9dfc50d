"""What every directory promises, and the chain of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from gateway.config.settings import EstablishmentEntry
from gateway.core.subject import Kind, Subject


class Directory(Protocol):
    """Says who a login ID is, and who there is, as far as it can list them.

    Every question raises StoreUnavailable when the source did not answer: that is never the same as "not known".
    """

    async def subject(self, login_id: str) -> Subject | None:
        """The person with this canonical login ID; None when not known here."""

    async def establishments(self, office: str) -> tuple[EstablishmentEntry, ...] | None:
        """This office's establishments as they are now; None when this directory has no such list."""

    async def people(self, office: str, establishment: str) -> tuple[Subject, ...] | None:
        """The people of one establishment, with an empty code the office's own staff; None as above."""

    def everybody(self) -> Iterable[Subject]:
        """People who are known without asking anybody: of a file."""

    async def close(self) -> None:
        """Let go of connections. Harmless when there are none."""


class ChainDirectory:
    """Asks one directory after the other; completes what they leave out."""

    def __init__(self, directories: Sequence[Directory], office_of: Mapping[str, str]) -> None:
        """`office_of`: the office of each establishment code."""
        self._directories = tuple(directories)
        self._office_of = dict(office_of)

    async def subject(self, login_id: str) -> Subject | None:
        """The first answer. A directory that fails ends the search: the next one might know less and open more."""
        for directory in self._directories:
            found = await directory.subject(login_id)
            if found is not None:
                return self._with_office(found)
        return None

    async def establishments(self, office: str) -> tuple[EstablishmentEntry, ...] | None:
        """The first list."""
        for directory in self._directories:
            found = await directory.establishments(office)
            if found is not None:
                return found
        return None

    async def people(self, office: str, establishment: str) -> tuple[Subject, ...] | None:
        """The first list."""
        for directory in self._directories:
            found = await directory.people(office, establishment)
            if found is not None:
                return found
        return None

    def everybody(self) -> Iterable[Subject]:
        """People of files, with their offices."""
        for directory in self._directories:
            yield from map(self._with_office, directory.everybody())

    async def close(self) -> None:
        """Close all of them."""
        for directory in self._directories:
            await directory.close()

    def _with_office(self, subject: Subject) -> Subject:
        """An establishment without a known office has no settings to go by: its people need the second factor."""
        if subject.kind is not Kind.ESTABLISHMENT or subject.office:
            return subject
        office = self._office_of.get(subject.establishment)
        return replace(subject, office=office) if office else replace(subject, kind=Kind.UNKNOWN)
