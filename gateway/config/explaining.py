"""One request put to the configuration, and the decision in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from gateway.config.facts import configured_facts
from gateway.config.settings import Configuration
from gateway.core.apps import AppTable
from gateway.core.decide import (
    AccessMap,
    ChoiceNeeded,
    CodeNeeded,
    Decision,
    Pass,
    Refused,
    RequestFacts,
    SignInNeeded,
    SignOut,
    Verdict,
    allowed_values,
    decide,
    verdict,
)
from gateway.core.doors import Doors
from gateway.core.params import parse_form
from gateway.core.policy import Policy, effective_policy
from gateway.core.routes import Candidate, Route, RouteTable
from gateway.core.session import Session
from gateway.core.subject import Kind, Subject
from gateway.core.target import Target, parse_target

_FORM = [b"application/x-www-form-urlencoded"]
_MEANINGS: dict[type[Decision], str] = {
    Pass: "passes",
    SignOut: "passes and signs out",
    SignInNeeded: "sign-in needed",
    ChoiceNeeded: "choice needed",
    CodeNeeded: "code needed",
    Refused: "refused",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A request and who sends it. `subject` is the bare login ID when the directory does not know the person."""

    method: bytes
    target: bytes
    now: float
    subject: Subject | str | None
    restricted: bool
    totp: bool
    form: bytes | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """`lines`: (what, text) about the decision; `others`: one line per route of this path."""

    passes: bool
    lines: tuple[tuple[str, str], ...]
    others: tuple[str, ...] = ()


def explain_request(configuration: Configuration, question: Question) -> Explanation:
    """Decide as the gateway would, with tenants as the file has them."""
    if isinstance(question.subject, str) and configuration.directory.refuse_unknown:
        why = f"{question.subject} is unknown to the directory, and directory.unknown is refuse"
        return Explanation(passes=False, lines=(("decision", "turned away at sign-in"), ("reason", why)))
    apps = AppTable(configuration.apps)
    target = parse_target(question.target)
    app = apps.owner(target.path)
    if app is not None and app.ignores_case:
        target = parse_target(question.target, case_insensitive=True)
    today = datetime.fromtimestamp(question.now, configuration.service.time_zone).date()
    form = parse_form(_FORM, [], question.form) if question.form is not None else None
    facts = RequestFacts(question.method, target, question.form is not None, today, form)
    access = _access(configuration)
    subject = _subject(question.subject)
    policy = _policy(configuration, subject, question.now)
    lines = [("request", f"{question.method.decode()} {question.target.decode('latin-1')}")]
    lines.append(("app", app.name if app else "none owns this path"))
    lines.extend(_person(subject, policy))
    rules = access.doors.sign_in(question.method, target.path) if target.doubt is None else ()
    if rules:
        names = ", ".join(f"{rule.app}.{rule.name}" for rule in rules)
        meaning = f"a sign-in ({names}): the app is asked, its answer is held when a code is due"
        lines.append(("decision", meaning))
        return Explanation(passes=True, lines=tuple(lines))
    decision = decide(_session(question, subject), facts, access, policy, question.now)
    lines.extend(_decided(decision, target))
    others = _others(access, facts, subject, getattr(decision, "route", None), today)
    return Explanation(isinstance(decision, Pass | SignOut), tuple(lines), tuple(others))


def _access(configuration: Configuration) -> AccessMap:
    sign_in = tuple(rule for app in configuration.apps for rule in app.sign_in)
    sign_out = tuple(rule for app in configuration.apps for rule in app.sign_out)
    return AccessMap(RouteTable(configuration.routes), Doors(sign_in, sign_out))


def _subject(asked: Subject | str | None) -> Subject | None:
    return Subject(asked, Kind.UNKNOWN) if isinstance(asked, str) else asked


def _policy(configuration: Configuration, subject: Subject | None, now: float) -> Policy | None:
    if subject is None:
        return None
    return effective_policy(subject, configured_facts(configuration.tenants, subject), configuration.policy, now)


def _session(question: Question, subject: Subject | None) -> Session | None:
    """Signed in at this very moment: limits of time play no part."""
    if subject is None:
        return None
    now = question.now
    return Session(
        subject=subject,
        app="",
        password_at=now,
        seen_at=now,
        totp_at=now if question.totp else None,
        restricted_at=now if question.restricted else None,
    )


def _person(subject: Subject | None, policy: Policy | None) -> list[tuple[str, str]]:
    if subject is None or policy is None:
        return [("person", "not signed in")]
    parts = [subject.login_id, subject.kind.value]
    for name in ("office", "establishment", "employee", "role"):
        value = getattr(subject, name)
        if value:
            parts.append(f"{name} {value}")
    needs = "a code is required" if policy.required else "no code is required"
    exempt = ", ".join(sorted(policy.exempt)) or "nothing"
    return [("person", " · ".join(parts)), ("policy", f"{needs} ({policy.because}); exempt: {exempt}")]


def _decided(decision: Decision, target: Target) -> list[tuple[str, str]]:
    reason = decision.reason.value + (f" ({target.doubt})" if target.doubt is not None else "")
    lines = [("decision", _MEANINGS[type(decision)]), ("reason", reason), ("level", decision.level.value)]
    route: Route | None = getattr(decision, "route", None)
    lines.append(("route", _named(route) if route is not None else "none decided this"))
    return lines


def _named(route: Route) -> str:
    feature = f", feature {route.feature.value}" if route.feature else ""
    return f"line {route.line} '{route.name}' {route.path} ({route.access.value}{feature})"


def _others(
    access: AccessMap, facts: RequestFacts, subject: Subject | None, winner: Route | None, today: date
) -> list[str]:
    """Every other route whose path fits, with why it did not win."""
    if facts.target.doubt is not None:
        return [f"no route counts: the target could mean another path to the app ({facts.target.doubt})"]
    lines: list[str] = []
    fitted = False
    for candidate in access.routes.candidates(facts.target.path):
        why = verdict(candidate, facts, subject)
        if candidate.route is not winner:
            lines.append(f"{_named(candidate.route)}: {_why(candidate, why, subject, today, fitted=fitted)}")
        fitted = fitted or why is Verdict.FITS
    return lines or ([] if winner else ["no route has this path"])


def _why(candidate: Candidate, why: Verdict, subject: Subject | None, today: date, *, fitted: bool) -> str:
    if why is Verdict.OTHER_METHOD:
        return "only " + ", ".join(sorted(method.decode() for method in candidate.route.methods))
    if why is Verdict.FITS:
        return "an earlier route won" if fitted else "fits, but a session that may pass needs no route"
    if subject is None:
        return "its conditions need somebody who is signed in"
    wanted = []
    for condition in candidate.route.where:
        values = " or ".join(allowed_values(condition, subject, today)) or "nothing that this person has"
        left_out = " or left out" if condition.optional else ""
        wanted.append(f"{condition.place.value}.{condition.name} must be {values}{left_out}")
    return "; ".join(wanted)
