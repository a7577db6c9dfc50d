"""A directory without any data: the login ID itself says who it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gateway.config.settings import DirectoryPattern, EstablishmentEntry
from gateway.core.subject import Kind, Subject


class PatternDirectory:
    r"""Regular expressions over the whole canonical ID, in file order; their named groups fill the subject.

    ASCII only: some databases compare digits by value, so `\d` must not match those of other scripts.
    """

    def __init__(self, patterns: Sequence[DirectoryPattern]) -> None:
        self._patterns = tuple((re.compile(pattern.match, re.ASCII), pattern) for pattern in patterns)

    async def subject(self, login_id: str) -> Subject | None:
        """The first pattern that matches decides."""
        for compiled, pattern in self._patterns:
            found = compiled.fullmatch(login_id)
            if found is not None:
                groups = {name: value or "" for name, value in found.groupdict().items()}
                role = groups.pop("role", "") or pattern.role
                return Subject(login_id, Kind(pattern.kind), role=role, **groups)
        return None

    async def establishments(self, office: str) -> tuple[EstablishmentEntry, ...] | None:  # noqa: ARG002 - see Directory
        """A pattern lists none."""
        return None

    async def people(self, office: str, establishment: str) -> tuple[Subject, ...] | None:  # noqa: ARG002
        """A pattern lists none."""
        return None

    def everybody(self) -> Iterable[Subject]:
        """A pattern knows nobody before they come."""
        return ()

    async def close(self) -> None:
        """Nothing is open."""
