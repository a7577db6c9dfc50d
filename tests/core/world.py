"""A small route table and its people, shared by the tests of the decision."""

from __future__ import annotations

from datetime import date
from typing import Any

from gateway.core.decide import AccessMap, Decision, RequestFacts, decide
from gateway.core.doors import Doors
from gateway.core.params import parse_form
from gateway.core.policy import Policy
from gateway.core.routes import Access, Condition, Place, Route, RouteTable, ValueSource
from gateway.core.session import Session
from gateway.core.signin import AnswerTest, FieldPlace, SignInRule, SignOutRule
from gateway.core.subject import Feature, Kind, Subject
from gateway.core.target import parse_target

NOW = 1_710_000_000.0  # 2024-03-10 in Tokyo
TODAY = date(2024, 3, 10)
URLENCODED = b"application/x-www-form-urlencoded"
WORKER = Subject("B00000101", Kind.ESTABLISHMENT, "0001", "000001", "01")
STAFF = Subject("A00010001", Kind.OFFICE, "0001", "", "0001")
BOTH = frozenset({Feature.ATTENDANCE_PUNCH, Feature.PAYSLIP_OWN})
POSTS = frozenset({b"GET", b"HEAD", b"POST"})

OWN = Condition(Place.QUERY, "emp", ValueSource.EMPLOYEE)
OWN_FORM = Condition(Place.FORM, "emp", ValueSource.EMPLOYEE)
OWN_PATH = Condition(Place.PATH, "emp", ValueSource.EMPLOYEE)
THIS_MONTH = Condition(Place.QUERY, "month", ValueSource.THIS_MONTH, date_format="%Y%m", optional=True)

ROUTES = (
    Route("login", "/login", Access.PUBLIC),
    Route("static", "/static/**", Access.PUBLIC),
    Route("menu", "/top", Access.RESTRICTED),
    Route("punch", "/shugyo/punch", Access.RESTRICTED, POSTS, Feature.ATTENDANCE_PUNCH),
    Route("sheet", "/shugyo/sheet", Access.RESTRICTED, feature=Feature.ATTENDANCE_PUNCH, where=(THIS_MONTH,)),
    Route("sheets", "/shugyo/sheet", Access.RESTRICTED, feature=Feature.ATTENDANCE_NOTIFICATIONS),
    Route("master", "/shugyo/master/**", Access.FULL, frozenset()),
    Route("payslip", "/meisai/view", Access.RESTRICTED, POSTS, Feature.PAYSLIP_OWN, (OWN,)),
    Route("search", "/meisai/search", Access.RESTRICTED, POSTS, Feature.PAYSLIP_OWN, (OWN_FORM,)),
    Route("pdf", "/meisai/{emp}/pdf", Access.RESTRICTED, feature=Feature.PAYSLIP_OWN, where=(OWN_PATH,)),
    Route("astray", "/astray", Access.RESTRICTED, where=(OWN_PATH,)),
    Route("pulse", "/debug/pulse", Access.PUBLIC),
    Route("own-debug", "/debug/{emp}/own", Access.RESTRICTED, where=(OWN_PATH,)),
    Route("report", "/report", Access.DENY, frozenset({b"POST"})),
    Route("debug", "/debug/**", Access.DENY, frozenset()),
)
SIGN_IN = SignInRule(
    "pc", "portal", "/login", frozenset({b"POST"}), FieldPlace.FORM, "login_id", (AnswerTest(status=frozenset({302})),)
)
SIGN_OUT = SignOutRule("portal", "/logout", frozenset({b"GET", b"POST"}))
EXITS = SignOutRule("portal", "/exit/**", frozenset({b"GET"}))
ACCESS = AccessMap(RouteTable(ROUTES), Doors((SIGN_IN,), (SIGN_OUT, EXITS)))


def policy(required: bool = True, exempt: frozenset[Feature] = BOTH) -> Policy:
    """What holds for somebody: half an hour idle, twelve hours in all."""
    return Policy(required, exempt, 1800.0, 43200.0, "test")


def session(subject: Subject = WORKER, **proofs: Any) -> Session:
    """A session signed in a minute ago."""
    return Session(subject, "portal", **{"password_at": NOW - 60, "seen_at": NOW - 60, **proofs})


def restricted(subject: Subject = WORKER) -> Session:
    """A session whose person chose restricted use."""
    return session(subject, restricted_at=NOW - 50)


def full(subject: Subject = WORKER) -> Session:
    """A session with a code."""
    return session(subject, totp_at=NOW - 40)


def facts(target: str | bytes, method: bytes = b"GET", form: bytes | None = None, body: bool = False) -> RequestFacts:
    """A request. `form`: an urlencoded body, strictly read."""
    raw = target.encode() if isinstance(target, str) else target
    read = None if form is None else parse_form([URLENCODED], [], form)
    return RequestFacts(method, parse_target(raw), body or form is not None, TODAY, read)


def judge(who: Session | None, asked: RequestFacts, rules: Policy | None = None, now: float = NOW) -> Decision:
    """The decision under the small table."""
    return decide(who, asked, ACCESS, (rules or policy()) if who is not None else None, now)
