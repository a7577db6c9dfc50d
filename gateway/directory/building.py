"""From settings to the directory that they describe."""

from __future__ import annotations

import time
from collections.abc import Callable

from gateway.config.settings import DirectorySettings
from gateway.directory.base import ChainDirectory, Directory
from gateway.directory.csv_file import CsvDirectory
from gateway.directory.patterns import PatternDirectory


def build(settings: DirectorySettings, clock: Callable[[], float] = time.monotonic) -> Directory:
    """CSV, SQL, patterns, as far as they are configured. `clock`: monotonic seconds.

    Raises ConfigRefused when the CSV file has become bad. Connects to nothing yet.
    """
    directories: list[Directory] = []
    if settings.people_csv is not None:
        directories.append(CsvDirectory(settings.people_csv))
    if settings.sql is not None:
        from gateway.directory.sql import SqlDirectory  # SQLAlchemy takes 0.2 s to import

        directories.append(SqlDirectory(settings.sql, clock))
    if settings.patterns:
        directories.append(PatternDirectory(settings.patterns))
    return ChainDirectory(directories, {entry.code: entry.office for entry in settings.establishments})
