"""The decision: may this request reach an app, and if not, what is missing? A value, made without any I/O.

Guards stand in the order of the manual: what is denied to everybody, the doors, what is public, who is signed in,
what a full session may, what a restricted one may. The last word, where no guard spoke, is that a code is needed.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date

from gateway.core.doors import Doors
from gateway.core.params import Missing, Parameters, parse_query
from gateway.core.policy import Policy
from gateway.core.routes import Access, Candidate, Condition, Place, Route, RouteTable, ValueSource
from gateway.core.session import Level, Session, assurance_level
from gateway.core.subject import Subject
from gateway.core.target import Target, folded_path
from gateway.core.values import fast_frozen

_WITHOUT_BODY = frozenset({b"GET", b"HEAD", b"OPTIONS"})
_CODES = {
    ValueSource.LOGIN_ID: "login_id",
    ValueSource.EMPLOYEE: "employee",
    ValueSource.ESTABLISHMENT: "establishment",
    ValueSource.OFFICE: "office",
}


class Reason(enum.StrEnum):
    """Why; the same words in logs, metrics, `explain`, pages and tests."""

    PUBLIC_ROUTE = "public-route"
    FULL_SESSION = "full-session"
    RESTRICTED_ROUTE = "restricted-route"
    EXEMPT_FEATURE = "exempt-feature"
    SIGN_OUT = "sign-out"
    NOT_SIGNED_IN = "not-signed-in"
    IDLE_LIMIT = "idle-limit"
    ABSOLUTE_LIMIT = "absolute-limit"
    CHOICE_DUE = "choice-due"
    CODE_DUE = "code-due"
    NEEDS_FULL = "needs-full"
    NO_ROUTE = "no-route"
    DOUBTFUL_TARGET = "doubtful-target"
    DOUBTFUL_BODY = "doubtful-body"
    FEATURE_NOT_EXEMPT = "feature-not-exempt"
    DENIED_ROUTE = "denied-route"
    DOUBTFUL_DOOR = "doubtful-door"


@dataclass(frozen=True, slots=True)
class Pass:
    """The request may reach the app."""

    reason: Reason
    level: Level
    route: Route | None = None


@dataclass(frozen=True, slots=True)
class SignOut:
    """The request may reach the app, and the session ends with it."""

    level: Level
    reason: Reason = Reason.SIGN_OUT


@dataclass(frozen=True, slots=True)
class SignInNeeded:
    """Nobody is signed in, or the session's time is over."""

    reason: Reason
    level: Level


@dataclass(frozen=True, slots=True)
class ChoiceNeeded:
    """Signed in by password; the person has yet to choose between full and restricted use."""

    level: Level = Level.CHOICE_DUE
    reason: Reason = Reason.CHOICE_DUE


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """Signed in, and only a code is missing. `route` is the one that won, if any."""

    reason: Reason
    level: Level
    route: Route | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing that this person could prove opens this."""

    reason: Reason
    level: Level
    route: Route | None = None


_FULL = Pass(Reason.FULL_SESSION, Level.FULL)  # the commonest decision of all

Decision = Pass | SignOut | SignInNeeded | ChoiceNeeded | CodeNeeded | Refused


@fast_frozen
class RequestFacts:
    """What the decision knows of a request. `form` is the strictly read body: None when it was not read or is in
    doubt. `today` is the date in the operator's time zone."""

    method: bytes
    target: Target
    has_body: bool
    today: date
    form: Parameters | None = None


@dataclass(frozen=True, slots=True)
class AccessMap:
    """Everything the configuration says of who may go where."""

    routes: RouteTable
    doors: Doors


class Verdict(enum.StrEnum):
    """What the table says of one route for one request, for `explain`."""

    FITS = "fits"
    OTHER_METHOD = "other method"
    CONDITION_FAILS = "condition does not hold"


def decide(
    session: Session | None, facts: RequestFacts, access: AccessMap, policy: Policy | None, now: float
) -> Decision:
    """Judge one request. Pure: the same arguments give the same decision; doubt needs the second factor."""
    level = assurance_level(session, policy, now)
    candidates = () if facts.target.doubt is not None else access.routes.candidates(facts.target.path)
    denied = _denied(facts, access, candidates)
    if denied is not None:
        return Refused(denied[0], level, denied[1])
    if level is Level.FULL:
        return SignOut(level) if _signs_out(facts, access) else _FULL
    route = winning_route(candidates, facts, session.subject if session is not None else None)
    if session is None or policy is None:
        return _public(facts, route, level) or SignInNeeded(Reason.NOT_SIGNED_IN, level)
    if level is Level.EXPIRED_IDLE:
        return _public(facts, route, level) or SignInNeeded(Reason.IDLE_LIMIT, level)
    if level is Level.EXPIRED_ABSOLUTE:
        return _public(facts, route, level) or SignInNeeded(Reason.ABSOLUTE_LIMIT, level)
    if _signs_out(facts, access):
        return SignOut(level)
    if level is Level.CHOICE_DUE:
        return _public(facts, route, level) or ChoiceNeeded()
    if level is Level.CODE_DUE:
        return _public(facts, route, level) or CodeNeeded(Reason.CODE_DUE, level)
    return _public(facts, route, level) or _restricted(facts, route, policy)


def _public(facts: RequestFacts, route: Route | None, level: Level) -> Pass | None:
    if route is None or route.access is not Access.PUBLIC or _doubtful_body(facts):
        return None
    return Pass(Reason.PUBLIC_ROUTE, level, route)


def _denied(
    facts: RequestFacts, access: AccessMap, candidates: tuple[Candidate, ...]
) -> tuple[Reason, Route | None] | None:
    """What no session opens: `deny` routes and spellings that an app might take for a door or a denied route."""
    for candidate in candidates:
        if candidate.route.access is Access.DENY and _fits_method(candidate.route, facts.method):
            return Reason.DENIED_ROUTE, candidate.route
        if _fits_method(candidate.route, facts.method) and not candidate.route.where:
            break
    if facts.target.doubt is None:
        return None
    folded = folded_path(facts.target.path)
    if access.doors.opens_folded(folded):
        return Reason.DOUBTFUL_DOOR, None
    route = access.routes.denies_folded(folded)
    return (Reason.DENIED_ROUTE, route) if route is not None else None


def _signs_out(facts: RequestFacts, access: AccessMap) -> bool:
    target = facts.target
    return target.doubt is None and access.doors.sign_out(facts.method, target.path, target.query) is not None


def _restricted(facts: RequestFacts, route: Route | None, policy: Policy) -> Decision:
    level = Level.RESTRICTED
    if facts.target.doubt is not None:
        return CodeNeeded(Reason.DOUBTFUL_TARGET, level)
    if route is None:
        return CodeNeeded(Reason.NO_ROUTE, level)
    if _doubtful_body(facts):
        return CodeNeeded(Reason.DOUBTFUL_BODY, level, route)
    if route.access is not Access.RESTRICTED:
        return CodeNeeded(Reason.NEEDS_FULL, level, route)
    if route.feature is None:
        return Pass(Reason.RESTRICTED_ROUTE, level, route)
    if route.feature in policy.exempt:
        return Pass(Reason.EXEMPT_FEATURE, level, route)
    return CodeNeeded(Reason.FEATURE_NOT_EXEMPT, level, route)


def _doubtful_body(facts: RequestFacts) -> bool:
    """A GET with a body may be two requests to the app behind (CL.0): never without a code."""
    return facts.has_body and facts.method in _WITHOUT_BODY


def winning_route(candidates: tuple[Candidate, ...], facts: RequestFacts, subject: Subject | None) -> Route | None:
    """The first route in file order whose method and conditions fit; the path already does."""
    for candidate in candidates:
        if verdict(candidate, facts, subject) is Verdict.FITS:
            return candidate.route
    return None


def verdict(candidate: Candidate, facts: RequestFacts, subject: Subject | None) -> Verdict:
    """Whether one route whose path fits wins this request, and if not, why."""
    if not _fits_method(candidate.route, facts.method):
        return Verdict.OTHER_METHOD
    if candidate.route.where and not _all_hold(candidate, facts, subject):
        return Verdict.CONDITION_FAILS
    return Verdict.FITS


def needs_form(candidates: tuple[Candidate, ...], method: bytes) -> bool:
    """Whether the body must be read before this can be decided: a condition may only be believed when no other
    part of the request can contradict it (R-091)."""
    return any(candidate.route.where and _fits_method(candidate.route, method) for candidate in candidates)


def _fits_method(route: Route, method: bytes) -> bool:
    return not route.methods or method in route.methods


def _all_hold(candidate: Candidate, facts: RequestFacts, subject: Subject | None) -> bool:
    if subject is None:
        return False
    query = parse_query(facts.target.query)
    if query is None or not query.legible:
        return False
    if facts.has_body and (facts.form is None or not facts.form.legible):
        return False
    return all(_holds(condition, candidate, facts, query, subject) for condition in candidate.route.where)


def _holds(
    condition: Condition, candidate: Candidate, facts: RequestFacts, query: Parameters, subject: Subject
) -> bool:
    """One condition. A name that query and form both carry is a contradiction, whichever of the two is asked."""
    found = _found(condition, candidate, facts, query)
    if found is Missing.ABSENT:
        return condition.optional
    return found in allowed_values(condition, subject, facts.today)


def _found(condition: Condition, candidate: Candidate, facts: RequestFacts, query: Parameters) -> str | Missing:
    if condition.place is Place.PATH:
        taken = dict(candidate.segments).get(condition.name)
        return Missing.ABSENT if taken is None else taken.decode("ascii", "replace")
    in_query = query.only(condition.name)
    in_form = Missing.ABSENT if facts.form is None else facts.form.only(condition.name)
    asked, other = (in_query, in_form) if condition.place is Place.QUERY else (in_form, in_query)
    return asked if other is Missing.ABSENT else Missing.DOUBT


def allowed_values(condition: Condition, subject: Subject, today: date) -> tuple[str, ...]:
    """The exact strings that satisfy a condition; an empty code of the subject satisfies nothing."""
    if condition.source is ValueSource.LITERAL:
        return condition.literals
    if condition.source in (ValueSource.THIS_MONTH, ValueSource.TODAY):
        return (today.strftime(condition.date_format),)
    value: str = getattr(subject, _CODES[condition.source])
    return (value,) if value else ()
