"""Login ID → subject (A4). Sources are asked in the order CSV, SQL, patterns; the first that knows the ID answers.

canonical login ID ─► CsvDirectory ─► SqlDirectory ─► PatternDirectory ─► None: only the app knows this person
└── office of an establishment filled in from `establishments`

Who there is, for the lists of offices and administrators: CSV files as a whole, SQL one tenant at a time.
"""

from gateway.directory.base import Directory
from gateway.directory.building import build

__all__ = ["Directory", "build"]
