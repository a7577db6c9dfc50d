"""What all pages of offices share: navigation, pager, faults of several fields, the banner of what was done."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from gateway.portal.views import Message


@dataclass(frozen=True, slots=True)
class NavTab:
    """One way in the navigation. `name` is the end of its catalogue key, `office.tab.<name>`."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class OfficeNav:
    """Navigation of an office page: what this visitor may open. `here` is the name of the tab that is open."""

    login_id: str
    home: str
    tabs: tuple[NavTab, ...]
    here: str = ""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one field. `field`: the id of its element, which the summary on top links to."""

    field: str
    message: Message


class BannerKind(enum.StrEnum):
    """How a banner looks and how it is read out: `done` and `fault` at once (alert), `note` in its turn (status)."""

    DONE = "done"
    NOTE = "note"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Banner:
    """What came of something, on top of the page it came back to."""

    kind: BannerKind
    heading: Message
    texts: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Pager:
    """Where a list stands. `number` counts from 1; `address` is the page's own without the page number."""

    number: int
    size: int
    total: int
    address: str

    @property
    def pages(self) -> int:
        """How many there are: at least one."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """The number of the first row shown; 0 when there is none."""
        return min((self.number - 1) * self.size + 1, self.total)

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return min(self.number * self.size, self.total)

    @property
    def near(self) -> tuple[int, ...]:
        """Page numbers to offer, in order; 0 stands for a gap."""
        wanted = {1, self.pages, *range(self.number - 1, self.number + 2)}
        numbers = sorted(number for number in wanted if 1 <= number <= self.pages)
        found: list[int] = []
        for number in numbers:
            if found and number > found[-1] + 1:
                found.append(number - 1 if number == found[-1] + 2 else 0)
            found.append(number)
        return tuple(found)

    def to(self, number: int) -> str:
        """The address of a page of the list."""
        return f"{self.address}{'&' if '?' in self.address else '?'}page={number}"


def pager(path: str, conditions: Sequence[tuple[str, str]], number: int, size: int, total: int) -> Pager:
    """A pager whose addresses keep the search conditions (empty ones are left out)."""
    query = urlencode([(name, value) for name, value in conditions if value])
    return Pager(number, size, total, f"{path}?{query}" if query else path)


def page_number(given: str) -> int:
    """The page of `?page=`: 1 for whatever is no page number."""
    return max(1, int(given)) if given.isascii() and given.isdigit() and len(given) <= 6 else 1
