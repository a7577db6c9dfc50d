"""Views of audit record, progress and rollout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gateway.core.charts import Chart
from gateway.portal.views import Message, PageName
from gateway.portal.views_office import FieldFault, OfficeNav


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One event. `what` is its sentence; `before` and `after` are a setting in parts; `notes` what else is known.

    `subject` is empty when somebody did it to themselves.
    """

    number: int
    at: float
    what: Message
    actor: str
    subject: str
    office: str
    establishment: str
    address: str
    reference: str
    before: tuple[Message, ...] = ()
    after: tuple[Message, ...] = ()
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditForm:
    """What was asked for, as it was typed. `everybody`: of every office, with a field for one of them."""

    since: str = ""
    until: str = ""
    kind: str = ""
    text: str = ""
    office: str = ""
    everybody: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing was asked for."""
        return not (self.since or self.until or self.kind or self.text or self.office)


@dataclass(frozen=True, slots=True)
class AuditView:
    """Events, newest first. `newest` and `older` are addresses, empty where there is nothing to go to."""

    name: ClassVar[PageName] = PageName.AUDIT
    nav: OfficeNav
    address: str
    form: AuditForm
    kinds: tuple[str, ...]
    lines: tuple[AuditLine, ...]
    newest: str = ""
    older: str = ""
    export: str = ""  # the address of the CSV file, to which an encoding is added
    faults: tuple[FieldFault, ...] = ()


@dataclass(frozen=True, slots=True)
class ChartView:
    """A chart with its words. `key` is part of catalogue keys and ids; `dates` has the day of each label of the chart,
    in Unix seconds at noon; `about` says what a picture cannot say to whoever does not see it."""

    key: str
    chart: Chart
    dates: tuple[float, ...]
    about: Message


@dataclass(frozen=True, slots=True)
class FigureRow:
    """The same figures as the charts, of one day or (`until` given) of several. Times: Unix seconds at noon."""

    since: float
    until: float | None
    figures: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """n of N, with the width of a bar that shows it."""

    key: str
    part: int
    whole: int

    @property
    def percent(self) -> int:
        """Whole percent, never 100 before all are there, never 0 once one is."""
        if not self.part or not self.whole:
            return 0
        if self.part >= self.whole:
            return 100
        return min(99, max(1, self.part * 100 // self.whole))


@dataclass(frozen=True, slots=True)
class ProgressView:
    """How far an office is: sums, charts, the figures as a table. `unused`: the office itself does not use it yet."""

    name: ClassVar[PageName] = PageName.PROGRESS
    nav: OfficeNav
    period: str
    periods: tuple[tuple[str, str], ...]  # name and address
    shares: tuple[Share, ...]
    charts: tuple[ChartView, ...]
    rows: tuple[FigureRow, ...]
    at: float
    unused: bool = False
    missing: str = ""  # address of the list of those who are not enrolled


@dataclass(frozen=True, slots=True)
class RolloutRow:
    """An office before a date, or all of them."""

    office: str
    people: int
    enrolled: int
    not_enrolled: int
    stopped: int
    restricted_only: int
    unaffected: int
    barred: int

    @property
    def figures(self) -> tuple[int, ...]:
        """The numbers in the order of the columns."""
        return (
            self.people,
            self.enrolled,
            self.not_enrolled,
            self.stopped,
            self.restricted_only,
            self.unaffected,
            self.barred,
        )


@dataclass(frozen=True, slots=True)
class RolloutView:
    """Who will be stopped at a moment (F4). `rows`: most to do first; `left_out` more are in the CSV file."""

    name: ClassVar[PageName] = PageName.ROLLOUT
    nav: OfficeNav
    typed: str
    at: float
    phase: str
    dates: tuple[tuple[str, float], ...]  # the configured dates: phase, moment
    total: RolloutRow
    rows: tuple[RolloutRow, ...]
    left_out: int
    offices_csv: str
    people_csv: str
    faults: tuple[FieldFault, ...] = ()
