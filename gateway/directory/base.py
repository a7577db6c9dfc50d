"""What every directory promises, and the chain of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from gateway.core.subject import Kind, Subject


class Directory(Protocol):
    """Says who a login ID is."""

    async def subject(self, login_id: str) -> Subject | None:
        """The person with this canonical login ID; None when not known here.

        Raises StoreUnavailable when the source did not answer: that is never the same as "not known".
        """

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
