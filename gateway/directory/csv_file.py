"""A directory that is a CSV file, read once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gateway.config.settings import EstablishmentEntry
from gateway.config.tables import read_people
from gateway.core.subject import Subject


class CsvDirectory:
    """People of a file in memory."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigRefused naming every bad line."""
        self._people, faults = read_people(path)
        faults.raise_if_any()

    async def subject(self, login_id: str) -> Subject | None:
        """The person of that line, by the login ID or an alias: always with the one login ID of the line."""
        return self._people.get(login_id)

    async def establishments(self, office: str) -> tuple[EstablishmentEntry, ...] | None:  # noqa: ARG002 - see Directory
        """A file of people lists none."""
        return None

    async def people(self, office: str, establishment: str) -> tuple[Subject, ...] | None:  # noqa: ARG002
        """They are read with the configuration: see `everybody`."""
        return None

    def everybody(self) -> Iterable[Subject]:
        """Every line once, however many names it has."""
        return tuple(dict.fromkeys(self._people.values()))

    async def close(self) -> None:
        """Nothing is open."""
