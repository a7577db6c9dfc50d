"""What processes have spent, from /proc: processor time and resident memory, of a process and all that it started."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
# Fields of /proc/PID/stat behind the name in parentheses, counted from `state` (proc(5), fields 14 to 17).
_UTIME, _CSTIME = 11, 14


def family(pid: int) -> list[int]:
    """The process and its descendants that live."""
    found = [pid]
    for one in found:
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            found.extend(int(word) for word in _text(children).split())
    return found


def cpu_seconds(pid: int) -> float:
    """Processor seconds of the family, with those of members that have ended and been waited for."""
    return sum(_ticks(one) for one in family(pid)) / _TICKS


def resident_bytes(pid: int) -> int:
    """Resident memory of the family; pages that it shares count for each member."""
    pages = (_text(Path(f"/proc/{one}/statm")).split() for one in family(pid))
    return sum(int(words[1]) for words in pages if words) * _PAGE


def pages_of_its_own(pid: int) -> int:
    """Bytes that would be free again if the family ended: what is shared with others does not count."""
    return sum(_private(_text(Path(f"/proc/{one}/smaps_rollup")).splitlines()) for one in family(pid))


def stolen_seconds() -> float:
    """Seconds since the start that the machine under a virtual one did not give to a processor that had work."""
    return int(_text(Path("/proc/stat")).split(maxsplit=9)[8]) / _TICKS


def _private(lines: Iterable[str]) -> int:
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) * 1024


def _ticks(pid: int) -> int:
    behind = _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(int(word) for word in behind[_UTIME : _CSTIME + 1])


def _text(file: Path) -> str:
    """Empty when the process has just ended."""
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
