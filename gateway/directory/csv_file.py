"""A directory that is a CSV file, read once."""

from __future__ import annotations

from pathlib import Path

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

    async def close(self) -> None:
        """Nothing is open."""
