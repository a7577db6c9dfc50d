"""Login ID → subject (A4). Sources are asked in the order CSV, SQL, patterns; the first that knows the ID answers.

canonical login ID ─► CsvDirectory ─► SqlDirectory ─► PatternDirectory ─► None: only the app knows this person
└── office of an establishment filled in from `establishments`
"""

from gateway.directory.base import Directory
from gateway.directory.building import build

__all__ = ["Directory", "build"]
