"""The decision, as a manual: who may go where, and why not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.decide import (
    AccessMap,
    ChoiceNeeded,
    CodeNeeded,
    Decision,
    Pass,
    Reason,
    Refused,
    RequestFacts,
    SignInNeeded,
    SignOut,
    Verdict,
    allowed_values,
    decide,
    needs_form,
    verdict,
)
from gateway.core.doors import Doors
from gateway.core.policy import Policy
from gateway.core.routes import Access, Condition, Place, Route, RouteTable, ValueSource
from gateway.core.session import Level, Session
from gateway.core.subject import Feature, Kind, Subject
from tests.core import world
from tests.core.world import BOTH, NOW, STAFF, TODAY, WORKER, facts, full, judge, policy, restricted, session

NOTIFY = frozenset({Feature.ATTENDANCE_NOTIFICATIONS, Feature.ATTENDANCE_PUNCH})
PUNCH = frozenset({Feature.ATTENDANCE_PUNCH})

TABLE: list[tuple[str, Session | None, RequestFacts, Policy | None, Reason, type]] = [
    ("a stranger reads the sign-in page", None, facts("/login"), None, Reason.PUBLIC_ROUTE, Pass),
    ("a stranger reads a style sheet", None, facts("/static/a/b.css"), None, Reason.PUBLIC_ROUTE, Pass),
    ("a stranger's HEAD counts as GET", None, facts("/login", b"HEAD"), None, Reason.PUBLIC_ROUTE, Pass),
    ("public is for the named methods only", None, facts("/login", b"POST"), None, Reason.NOT_SIGNED_IN, SignInNeeded),
    ("a stranger sees no menu", None, facts("/top"), None, Reason.NOT_SIGNED_IN, SignInNeeded),
    ("a stranger sees nothing that has no route", None, facts("/x"), None, Reason.NOT_SIGNED_IN, SignInNeeded),
    (
        "a stranger's odd spelling is not public",
        None,
        facts("/static/../top"),
        None,
        Reason.NOT_SIGNED_IN,
        SignInNeeded,
    ),
    ("a body on GET may be two requests", None, facts("/login", body=True), None, Reason.NOT_SIGNED_IN, SignInNeeded),
    ("a stranger cannot sign out", None, facts("/logout"), None, Reason.NOT_SIGNED_IN, SignInNeeded),
    (
        "a session that idled too long is over",
        session(seen_at=NOW - 1800),
        facts("/top"),
        None,
        Reason.IDLE_LIMIT,
        SignInNeeded,
    ),
    ("one second before the idle limit it is not", full(), facts("/top"), None, Reason.FULL_SESSION, Pass),
    (
        "a code does not outlive the idle limit",
        session(totp_at=NOW, seen_at=NOW - 1800),
        facts("/top"),
        None,
        Reason.IDLE_LIMIT,
        SignInNeeded,
    ),
    (
        "a session ends twelve hours after the password",
        session(password_at=NOW - 43200, totp_at=NOW),
        facts("/top"),
        None,
        Reason.ABSOLUTE_LIMIT,
        SignInNeeded,
    ),
    (
        "the sign-in page stays open after the end",
        session(seen_at=NOW - 1800),
        facts("/login"),
        None,
        Reason.PUBLIC_ROUTE,
        Pass,
    ),
    (
        "after the absolute limit too",
        session(password_at=NOW - 43200),
        facts("/login"),
        None,
        Reason.PUBLIC_ROUTE,
        Pass,
    ),
    ("and while only the code is due", session(STAFF), facts("/login"), None, Reason.PUBLIC_ROUTE, Pass),
    (
        "an ended session signs nobody out",
        session(seen_at=NOW - 1800),
        facts("/logout"),
        None,
        Reason.IDLE_LIMIT,
        SignInNeeded,
    ),
    ("without a choice an employee chooses first", session(), facts("/top"), None, Reason.CHOICE_DUE, ChoiceNeeded),
    ("even for what is exempt", session(), facts("/shugyo/punch"), None, Reason.CHOICE_DUE, ChoiceNeeded),
    ("the sign-in page is open before the choice", session(), facts("/login"), None, Reason.PUBLIC_ROUTE, Pass),
    ("one may sign out before the choice", session(), facts("/logout"), None, Reason.SIGN_OUT, SignOut),
    (
        "nothing exempt: the code at once",
        session(),
        facts("/top"),
        policy(exempt=frozenset()),
        Reason.CODE_DUE,
        CodeNeeded,
    ),
    (
        "an earlier choice is worth nothing then",
        restricted(),
        facts("/top"),
        policy(exempt=frozenset()),
        Reason.CODE_DUE,
        CodeNeeded,
    ),
    ("office staff are never asked to choose", session(STAFF), facts("/top"), policy(), Reason.CODE_DUE, CodeNeeded),
    ("nor does a choice help them", restricted(STAFF), facts("/top"), policy(), Reason.CODE_DUE, CodeNeeded),
    (
        "a tenant without 2FA: everything by password",
        session(),
        facts("/shugyo/master/x"),
        policy(False),
        Reason.FULL_SESSION,
        Pass,
    ),
    ("a code opens everything", full(), facts("/shugyo/master/x", b"POST", b"a=1"), None, Reason.FULL_SESSION, Pass),
    ("also what has no route", full(), facts("/x"), None, Reason.FULL_SESSION, Pass),
    ("also an odd spelling, as it came", full(), facts("/shugyo//master/x"), None, Reason.FULL_SESSION, Pass),
    ("a full session signs out", full(), facts("/logout", b"POST"), None, Reason.SIGN_OUT, SignOut),
    ("only by a method that the rule names", full(), facts("/logout", b"PUT"), None, Reason.FULL_SESSION, Pass),
    ("denied is denied with a code", full(), facts("/debug/x"), None, Reason.DENIED_ROUTE, Refused),
    ("denied is denied to strangers", None, facts("/debug/x", b"PROPFIND"), None, Reason.DENIED_ROUTE, Refused),
    ("denied in another spelling too", full(), facts("/x/../debug/x"), None, Reason.DENIED_ROUTE, Refused),
    ("denied in capitals behind a dot segment", full(), facts("/./DEBUG/x"), None, Reason.DENIED_ROUTE, Refused),
    (
        "a door in another spelling is no door",
        full(),
        facts("//login", b"POST", b"login_id=B"),
        None,
        Reason.DOUBTFUL_DOOR,
        Refused,
    ),
    ("not even the way out", full(), facts("/./logout"), None, Reason.DOUBTFUL_DOOR, Refused),
    ("the menu of a restricted session", restricted(), facts("/top"), None, Reason.RESTRICTED_ROUTE, Pass),
    ("its way out", restricted(), facts("/logout"), None, Reason.SIGN_OUT, SignOut),
    ("what is public stays open", restricted(), facts("/login"), None, Reason.PUBLIC_ROUTE, Pass),
    ("punching", restricted(), facts("/shugyo/punch", b"POST", b"kind=in"), None, Reason.EXEMPT_FEATURE, Pass),
    (
        "not where punching is not exempt",
        restricted(),
        facts("/shugyo/punch"),
        policy(exempt=frozenset({Feature.PAYSLIP_OWN})),
        Reason.FEATURE_NOT_EXEMPT,
        CodeNeeded,
    ),
    (
        "this month's sheet",
        restricted(),
        facts("/shugyo/sheet?month=202403"),
        policy(exempt=PUNCH),
        Reason.EXEMPT_FEATURE,
        Pass,
    ),
    (
        "the sheet without a month",
        restricted(),
        facts("/shugyo/sheet"),
        policy(exempt=PUNCH),
        Reason.EXEMPT_FEATURE,
        Pass,
    ),
    (
        "last month's sheet needs a code",
        restricted(),
        facts("/shugyo/sheet?month=202402"),
        policy(exempt=PUNCH),
        Reason.FEATURE_NOT_EXEMPT,
        CodeNeeded,
    ),
    (
        "unless notifications are exempt",
        restricted(),
        facts("/shugyo/sheet?month=202402"),
        policy(exempt=NOTIFY),
        Reason.EXEMPT_FEATURE,
        Pass,
    ),
    (
        "a second month is a contradiction",
        restricted(),
        facts("/shugyo/sheet?month=202403&month=202402"),
        policy(exempt=PUNCH),
        Reason.FEATURE_NOT_EXEMPT,
        CodeNeeded,
    ),
    (
        "a query that parsers read differently",
        restricted(),
        facts("/shugyo/sheet?month=202403;month=202402"),
        policy(exempt=PUNCH),
        Reason.FEATURE_NOT_EXEMPT,
        CodeNeeded,
    ),
    (
        "masters need a code whatever is exempt",
        restricted(),
        facts("/shugyo/master/x"),
        None,
        Reason.NEEDS_FULL,
        CodeNeeded,
    ),
    (
        "by whatever method",
        restricted(),
        facts("/shugyo/master/x", b"POST", b"a=1"),
        None,
        Reason.NEEDS_FULL,
        CodeNeeded,
    ),
    ("a path without a route needs a code", restricted(), facts("/password"), None, Reason.NO_ROUTE, CodeNeeded),
    (
        "a method without a route as well",
        restricted(),
        facts("/top", b"POST", b"a=1"),
        None,
        Reason.NO_ROUTE,
        CodeNeeded,
    ),
    ("doubt needs a code", restricted(), facts("/shugyo/../shugyo/punch"), None, Reason.DOUBTFUL_TARGET, CodeNeeded),
    ("a body on GET needs a code", restricted(), facts("/top", body=True), None, Reason.DOUBTFUL_BODY, CodeNeeded),
    ("one's own payslip", restricted(), facts("/meisai/view?emp=01"), None, Reason.EXEMPT_FEATURE, Pass),
    ("not another's", restricted(), facts("/meisai/view?emp=02"), None, Reason.NO_ROUTE, CodeNeeded),
    ("not everybody's", restricted(), facts("/meisai/view"), None, Reason.NO_ROUTE, CodeNeeded),
    ("not by a look-alike number", restricted(), facts("/meisai/view?emp=1"), None, Reason.NO_ROUTE, CodeNeeded),
    (
        "not when the form says otherwise",
        restricted(),
        facts("/meisai/view?emp=01", b"POST", b"emp=02"),
        None,
        Reason.NO_ROUTE,
        CodeNeeded,
    ),
    (
        "not when the form repeats it",
        restricted(),
        facts("/meisai/view?emp=01", b"POST", b"emp=01"),
        None,
        Reason.NO_ROUTE,
        CodeNeeded,
    ),
    (
        "a form with other fields is fine",
        restricted(),
        facts("/meisai/view?emp=01", b"POST", b"x=02"),
        None,
        Reason.EXEMPT_FEATURE,
        Pass,
    ),
    (
        "not with a body that cannot be read",
        restricted(),
        facts("/meisai/view?emp=01", b"POST", body=True),
        None,
        Reason.NO_ROUTE,
        CodeNeeded,
    ),
    (
        "no condition is believed beside a name in another charset: who decodes it how is unknown",
        restricted(),
        facts("/meisai/view?emp=01&%8e%d0=1"),
        None,
        Reason.NO_ROUTE,
        CodeNeeded,
    ),
    (
        "nor beside one in the form",
        restricted(),
        facts("/meisai/view?emp=01", b"POST", b"%8e%d0=1"),
        None,
        Reason.NO_ROUTE,
        CodeNeeded,
    ),
    ("a form condition", restricted(), facts("/meisai/search", b"POST", b"emp=01"), None, Reason.EXEMPT_FEATURE, Pass),
    (
        "a form condition that fails",
        restricted(),
        facts("/meisai/search", b"POST", b"emp=02"),
        None,
        Reason.NO_ROUTE,
        CodeNeeded,
    ),
    ("a form condition without a form", restricted(), facts("/meisai/search"), None, Reason.NO_ROUTE, CodeNeeded),
    (
        "a form condition that the query contradicts",
        restricted(),
        facts("/meisai/search?emp=02", b"POST", b"emp=01"),
        None,
        Reason.NO_ROUTE,
        CodeNeeded,
    ),
    ("a path condition without its segment", restricted(), facts("/astray"), None, Reason.NO_ROUTE, CodeNeeded),
    ("a stranger owns no payslip", None, facts("/meisai/view?emp=01"), None, Reason.NOT_SIGNED_IN, SignInNeeded),
    ("what an earlier route opens is not denied", None, facts("/debug/pulse"), None, Reason.PUBLIC_ROUTE, Pass),
    ("by another method it is", None, facts("/debug/pulse", b"POST"), None, Reason.DENIED_ROUTE, Refused),
    ("a condition before it shields nothing", full(), facts("/debug/01/own"), None, Reason.DENIED_ROUTE, Refused),
    ("a method that is not denied", full(), facts("/report"), None, Reason.FULL_SESSION, Pass),
    ("a method that is", full(), facts("/report", b"POST"), None, Reason.DENIED_ROUTE, Refused),
    ("an odd spelling signs nobody out", full(), facts("/exit/../top"), None, Reason.FULL_SESSION, Pass),
    ("any address below a sign-out rule", restricted(), facts("/exit/now"), None, Reason.SIGN_OUT, SignOut),
    ("a path condition", restricted(), facts("/meisai/01/pdf"), None, Reason.EXEMPT_FEATURE, Pass),
    ("a path condition that fails", restricted(), facts("/meisai/02/pdf"), None, Reason.NO_ROUTE, CodeNeeded),
]


@pytest.mark.parametrize(("claim", "who", "asked", "rules", "reason", "outcome"), TABLE, ids=[row[0] for row in TABLE])
def test_the_manual(
    claim: str, who: Session | None, asked: RequestFacts, rules: Policy | None, reason: Reason, outcome: type
) -> None:
    decision = judge(who, asked, rules)
    assert (decision.reason, type(decision)) == (reason, outcome), claim


def test_every_reason_has_a_row() -> None:
    assert {row[4] for row in TABLE} == set(Reason)


def test_the_route_that_won_is_told() -> None:
    won = judge(restricted(), facts("/shugyo/sheet?month=202402"), policy(exempt=PUNCH))
    assert isinstance(won, CodeNeeded)
    assert won.route is not None
    assert won.route.name == "sheets"


def test_a_missing_policy_opens_nothing() -> None:
    decision = decide(full(), facts("/top"), world.ACCESS, None, NOW)
    assert decision == SignInNeeded(Reason.NOT_SIGNED_IN, Level.ANONYMOUS)


@pytest.mark.parametrize(
    ("source", "subject", "expected"),
    [
        (ValueSource.LITERAL, WORKER, ("a", "b")),
        (ValueSource.LOGIN_ID, WORKER, ("B00000101",)),
        (ValueSource.EMPLOYEE, WORKER, ("01",)),
        (ValueSource.ESTABLISHMENT, WORKER, ("000001",)),
        (ValueSource.OFFICE, WORKER, ("0001",)),
        (ValueSource.THIS_MONTH, WORKER, ("202403",)),
        (ValueSource.TODAY, WORKER, ("202403",)),
        (ValueSource.ESTABLISHMENT, STAFF, ()),
    ],
)
def test_what_a_condition_compares_with(source: ValueSource, subject: Subject, expected: tuple[str, ...]) -> None:
    condition = Condition(Place.QUERY, "x", source, ("a", "b"))
    assert allowed_values(condition, subject, TODAY) == expected


def test_nobody_satisfies_a_condition_without_being_somebody() -> None:
    candidate = world.ACCESS.routes.candidates(b"/meisai/view")[0]
    assert verdict(candidate, facts("/meisai/view?emp=01"), None) is Verdict.CONDITION_FAILS
    assert verdict(candidate, facts("/meisai/view?emp=01", b"PUT"), WORKER) is Verdict.OTHER_METHOD
    assert verdict(candidate, facts("/meisai/view?emp=01"), WORKER) is Verdict.FITS


def test_the_body_is_read_only_where_a_condition_could_be_contradicted() -> None:
    routes = world.ACCESS.routes
    assert needs_form(routes.candidates(b"/meisai/view"), b"POST")
    assert not needs_form(routes.candidates(b"/meisai/view"), b"PUT")
    assert not needs_form(routes.candidates(b"/shugyo/punch"), b"POST")


OPENNESS = {Access.DENY: 0, Access.FULL: 1, Access.RESTRICTED: 2, Access.PUBLIC: 3}
WHO = [None, session(), restricted(), full(), session(STAFF), restricted(STAFF), full(STAFF)]
TARGETS = ["/a", "/b/c", "/b/../a", "//a", "/A", "/a;x", "/b/c?emp=01", "/b/c?emp=01&emp=02", "/login", "/%2e/a"]


def opens(decision: Decision) -> bool:
    return isinstance(decision, Pass)


@given(
    who=st.sampled_from(WHO),
    target=st.sampled_from(TARGETS),
    method=st.sampled_from([b"GET", b"POST"]),
    levels=st.tuples(st.sampled_from(list(Access)), st.sampled_from(list(Access))),
    required=st.booleans(),
)
def test_raising_a_routes_access_never_opens_it(
    who: Session | None, target: str, method: bytes, levels: tuple[Access, Access], required: bool
) -> None:
    low, high = sorted(levels, key=OPENNESS.__getitem__)
    asked = facts(target, method)
    rules = policy(required) if who is not None else None

    def under(access: Access) -> Decision:
        routes = (Route("a", "/a", access, frozenset()), Route("b", "/b/**", access, frozenset()))
        return decide(who, asked, AccessMap(RouteTable(routes), Doors((), ())), rules, NOW)

    assert opens(under(high)) or not opens(under(low))


@given(
    totp=st.booleans(),
    chosen=st.booleans(),
    target=st.sampled_from(TARGETS + [r.path for r in world.ROUTES]),
    required=st.booleans(),
    exempt=st.sets(st.sampled_from(list(Feature))),
    kind=st.sampled_from(list(Kind)),
)
def test_removing_a_proof_never_opens(
    totp: bool, chosen: bool, target: str, required: bool, exempt: set[Feature], kind: Kind
) -> None:
    rules = policy(required, frozenset(exempt))
    subject = Subject("X", kind, "0001", "000001", "01")
    more = session(subject, totp_at=NOW if totp else None, restricted_at=NOW if chosen else None)
    less = session(subject, restricted_at=NOW if chosen else None)
    asked = facts(target)
    assert opens(judge(more, asked, rules)) or not opens(judge(less, asked, rules))
    assert opens(judge(less, asked, rules)) or not opens(judge(None, asked))


@given(st.binary(min_size=1, max_size=40).map(lambda tail: b"/" + tail))
def test_an_odd_spelling_opens_no_more_than_a_code_would(raw: bytes) -> None:
    asked = facts(raw)
    decision = judge(restricted(), asked)
    assert asked.target.doubt is None or not opens(decision)


def test_both_features_are_what_the_tests_say() -> None:
    assert {Feature.ATTENDANCE_PUNCH, Feature.PAYSLIP_OWN} == BOTH


IGNORING = RouteTable(
    (
        Route("admin", "/Pub/Admin/**", Access.DENY, frozenset(), ignores_case=True),
        Route("one", "/Pub/{emp}/Slip", Access.PUBLIC, ignores_case=True),
        Route("rest", "/Pub/**", Access.PUBLIC, ignores_case=True),
        Route("exact", "/pub/x", Access.FULL),
    )
)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (b"/Pub/a.js", ["rest"]),
        (b"/pub/A.js", ["rest"]),
        (b"/pub/x", ["rest", "exact"]),
        (b"/PUB/ADMIN/x", ["admin", "rest"]),
        (b"/pub/E01/SLIP", ["one", "rest"]),
        (b"/publ/x", []),
    ],
)
def test_routes_of_an_app_that_ignores_case_fit_in_any(path: bytes, names: list[str]) -> None:
    found = IGNORING.candidates(path)
    assert [candidate.route.name for candidate in found] == names
    assert [value for candidate in found for value in candidate.segments] == (
        [("emp", b"E01")] if "one" in names else []
    )


def test_what_is_denied_in_japanese_is_denied_in_every_spelling() -> None:
    table = RouteTable((Route("d", "/%E7%AE%A1%E7%90%86/**", Access.DENY, frozenset()),))
    denied = decide(full(), facts("/x/../%e7%AE%A1%E7%90%86/a"), AccessMap(table, Doors((), ())), policy(), NOW)
    assert isinstance(denied, Refused)
    assert denied.reason is Reason.DENIED_ROUTE
