"""One frozen view model per template. Views speak no language: sentences are `Message`s, times are Unix seconds."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import ClassVar, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence of the catalogue with what fills its gaps."""

    key: str
    values: tuple[tuple[str, float | str], ...] = ()


class PageName(enum.StrEnum):
    """Every page; also the name of its template and of the operator's extra sentence for it."""

    CHOICE = "choice"
    ENROLMENT = "enrolment"
    CODE = "code"
    LOCKED = "locked"
    STEP_UP = "step-up"
    PROBLEM = "problem"
    INSTALL = "install"
    NOTICE = "notice"
    REGISTRATION = "registration"
    RESET = "reset"
    SETTINGS = "settings"
    PEOPLE = "people"
    AUDIT = "audit"
    PROGRESS = "progress"
    ROLLOUT = "rollout"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """Two ways on, of equal right (A7). `restricted` names what works without a code."""

    name: ClassVar[PageName] = PageName.CHOICE
    csrf: str
    restricted: Message
    fault: Message | None = None
    news: tuple[float, str] | None = None  # an enrolment to tell of: when, from which address


@dataclass(frozen=True, slots=True)
class EnrolmentView:
    """QR code, key and the first code (B1). `back` leads to what works without a code, if anything does."""

    name: ClassVar[PageName] = PageName.ENROLMENT
    csrf: str
    uri: str
    groups: tuple[str, ...]
    issuer: str
    account: str
    ends_at: float
    tries: int
    lock_seconds: float
    fault: Message | None = None
    clock_advice: bool = False
    back: BackLink | None = None

    @property
    def key(self) -> str:
        """The key without gaps, for the clipboard."""
        return "".join(self.groups)


@dataclass(frozen=True, slots=True)
class CodeView:
    """One code (B2)."""

    name: ClassVar[PageName] = PageName.CODE
    csrf: str
    account: str
    tries: int
    lock_seconds: float
    fault: Message | None = None
    clock_advice: bool = False
    back: BackLink | None = None
    news: tuple[float, str] | None = None  # an enrolment to tell of: when, from which address


@dataclass(frozen=True, slots=True)
class LockedView:
    """No code is taken: until a time, or (`until` None) until somebody resets."""

    name: ClassVar[PageName] = PageName.LOCKED
    csrf: str
    until: float | None
    back: BackLink | None = None


@dataclass(frozen=True, slots=True)
class StepUpView:
    """What the person asked for needs a code (C6). `kept`: a form was sent and is kept until the code is in."""

    name: ClassVar[PageName] = PageName.STEP_UP
    csrf: str
    wanted: str
    kept: bool
    onward: str
    back: BackLink | None = None


@dataclass(frozen=True, slots=True)
class ProblemView:
    """Something does not work: what happened, what to do now."""

    name: ClassVar[PageName] = PageName.PROBLEM
    problem: str
    action: str = ""
    action_label: Message | None = None


@dataclass(frozen=True, slots=True)
class BackLink:
    """A way back that needs no code."""

    address: str
    label: Message


class View(Protocol):
    """What a page is rendered from. `name` says which page it is; where one page has several templates, the view says
    in `template` which of them is its own."""

    name: ClassVar[PageName]


def template_of(view: View) -> str:
    """The file name of the view's template."""
    return f"{getattr(view, 'template', view.name)}.html"


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page."""

    language: str
    service: str
    operator: str
    logo: str
    icon: str
    style: str
    office_style: str
    help_style: str
    script: str
    sentence: str
    reference: str
    support_name: str
    support_phone: str
    support_hours: str
    support_url: str
    support_mail: str
