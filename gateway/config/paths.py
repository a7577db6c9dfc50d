"""Paths as they stand on the wire, as patterns cover one another, and files relative to the configuration."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from gateway.core.target import parse_target

_LITERAL = "/!$&'()*+,:=@{}~-._%"


def wire_path(path: str) -> str:
    """A path as browsers send it: Japanese letters percent-encoded as UTF-8, everything else as written."""
    return quote(path, safe=_LITERAL)


def wire_page(page: str) -> str:
    """As `wire_path`, for a page that may have a query."""
    path, mark, query = page.partition("?")
    return wire_path(path) + mark + query


def covers(wide: str, narrow: str) -> bool:
    """Whether every path that `narrow` fits is fitted by `wide` too. Both have the grammar of routes."""
    wides, narrows = wide.split("/")[1:], narrow.split("/")[1:]
    for number, part in enumerate(wides):
        if part == "**" and number == len(wides) - 1:
            return True
        if number >= len(narrows) or narrows[number] == "**":
            return False
        if is_any_one(part):
            if narrows[number] == "":
                return False
        elif part != narrows[number]:
            return False
    return len(wides) == len(narrows)


def doubt_about(path: str, *, ignores_case: bool) -> str | None:
    """Why no request for this path can ever be told from one for another: such a rule would be dead. None: no doubt."""
    parts = ("x" if any(mark in part for mark in "*{}") else part for part in wire_path(path).split("/"))
    word = parse_target("/".join(parts).encode(), case_insensitive=ignores_case).doubt
    return None if word is None else f"some apps take {path} for another path ({word}): no request is ever known by it."


def is_any_one(part: str) -> bool:
    """A segment that stands for any one segment."""
    return part == "*" or (part[:1] == "{" and part[-1:] == "}")


def example_path(pattern: str) -> bytes:
    """A path that the pattern fits and that hardly any literal of another pattern does."""
    parts = pattern.split("/")
    return "/".join("\x00any" if is_any_one(part) or part == "**" else part for part in parts).encode()


def beside(folder: Path, path: str) -> Path:
    """A path of the file: relative ones belong to the folder of the file, wherever the process was started."""
    return Path(path) if Path(path).is_absolute() else folder / path


_SQLITE = ("sqlite:///", "sqlite+aiosqlite:///")


def database_file(url: str) -> Path | None:
    """The file of a SQLite URL; None for memory and for other databases."""
    for scheme in _SQLITE:
        file = url[len(scheme) :].partition("?")[0]
        if url.startswith(scheme) and file not in ("", ":memory:"):
            return Path(file)
    return None


def database_url(folder: Path, url: str) -> str:
    """A SQLite URL with a relative file made absolute; any other URL as it is. `:memory:` stays."""
    for scheme in _SQLITE:
        if url.startswith(scheme):
            file, mark, options = url[len(scheme) :].partition("?")
            if file in ("", ":memory:"):
                return url
            return f"{scheme}{beside(folder.absolute(), file)}{mark}{options}"
    return url


def is_missing(file: Path) -> bool:
    """For certain. What this user may not look at is no reason to say nothing of the rest of the configuration."""
    try:
        return not file.exists()
    except PermissionError:
        return False
