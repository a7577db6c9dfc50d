"""What is found out once per address holds for everybody: compared with the decision itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.core.decide import Pass, Reason, RequestFacts, decide
from gateway.core.doors import Doors
from gateway.core.openings import opening
from gateway.core.policy import PolicyRules, SessionLimits, TenantFacts, TenantSettings, effective_policy
from gateway.core.rollout import Rollout
from gateway.core.session import Level, assurance_level, level_holds_until
from gateway.core.signin import SignOutRule
from gateway.core.subject import Feature, Kind, Subject
from gateway.core.target import parse_target
from tests.core.world import ACCESS, NOW, ROUTES, SIGN_IN, SIGN_OUT, STAFF, WORKER, full, policy, restricted, session

TARGETS = [
    *(route.path.replace("{emp}", "01").replace("**", "x") for route in ROUTES),
    *("/meisai/view?emp=01", "/meisai/view?emp=02", "/shugyo/sheet?month=202403", "/shugyo/sheet?month=202402"),
    *("/logout", "/exit/a", "/logout?x", "/unnamed", "/a//b", "/debug/%2e", "/top;x", "/top?q", "/LOGOUT", "/Top"),
]
asked = st.tuples(st.sampled_from([b"GET", b"HEAD", b"POST", b"DELETE"]), st.sampled_from(TARGETS))
exempt = st.frozensets(st.sampled_from(list(Feature)))


@given(asked=asked, exempt=exempt, today=st.dates(date(2024, 3, 1), date(2024, 3, 31)), staff=st.booleans())
def test_what_an_opening_lets_through_the_decision_lets_through_to_the_app(
    asked: tuple[bytes, str], exempt: frozenset[Feature], today: date, staff: bool
) -> None:
    """For a full session also the other way round: what it does not let through, the decision does not."""
    method, raw = asked
    target = parse_target(raw.encode())
    rules = policy(exempt=exempt)
    found = opening(method, target, ACCESS)
    facts = RequestFacts(method, target, has_body=False, today=today)
    decision = decide(full(STAFF if staff else WORKER), facts, ACCESS, rules, NOW)
    assert found.lets(Level.FULL, rules) is isinstance(decision, Pass)
    assume(exempt)  # without any exemption nobody is restricted
    decision = decide(restricted(), facts, ACCESS, rules, NOW)
    if found.lets(Level.RESTRICTED, rules):
        assert isinstance(decision, Pass)
        assert decision.reason is not Reason.PUBLIC_ROUTE


@pytest.mark.parametrize("level", [level for level in Level if level not in (Level.FULL, Level.RESTRICTED)])
def test_an_opening_says_nothing_of_other_levels(level: Level) -> None:
    assert not any(opening(b"GET", parse_target(raw.encode()), ACCESS).lets(level, policy()) for raw in TARGETS)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("/top", (True, True, None)),
        ("/shugyo/punch", (True, True, Feature.ATTENDANCE_PUNCH)),
        ("/shugyo/sheet", (True, False, None)),  # the month decides
        ("/shugyo/master/x", (True, False, None)),
        ("/static/a.css", (True, False, None)),  # public: no vault goes along below a full session
        ("/unnamed", (True, False, None)),
        ("/logout", (False, False, None)),
        ("/debug/x", (False, False, None)),
        ("/top;a", (True, False, None)),
    ],
)
def test_the_addresses_of_the_table(raw: str, expected: tuple[bool, bool, Feature | None]) -> None:
    found = opening(b"GET", parse_target(raw.encode()), ACCESS)
    assert (found.full, found.restricted, found.feature) == expected


times = st.integers(0, 4000).map(float)
dates = st.none() | times


@given(
    rollout=st.builds(Rollout, dates, dates, dates),
    started=times,
    seen=times,
    totp=st.booleans(),
    chosen=st.booleans(),
    now=times,
    later=times,
    kind=st.sampled_from(list(Kind)),
    uses=st.booleans(),
    exempt=exempt,
)
def test_nothing_changes_by_the_clock_before_it_is_said_to(
    rollout: Rollout,
    started: float,
    seen: float,
    totp: bool,
    chosen: bool,
    now: float,
    later: float,
    kind: Kind,
    uses: bool,
    exempt: frozenset[Feature],
) -> None:
    rules = PolicyRules(rollout, SessionLimits(1000.0, 3000.0), SessionLimits(700.0, 2000.0))
    settings = TenantFacts(TenantSettings(uses), TenantSettings(uses, exempt))
    subject = Subject("X", kind, "0001", "000001", "01")
    who = replace(
        session(subject, totp_at=started if totp else None, restricted_at=started if chosen else None),
        password_at=started,
        seen_at=max(started, seen),
    )
    before = effective_policy(subject, settings, rules, now)
    until = level_holds_until(who, before, rollout, now)
    assume(now <= later < until)
    after = effective_policy(subject, settings, rules, later)
    assert after == before
    assert assurance_level(who, after, later) is assurance_level(who, before, now)


def test_the_next_change_of_the_rollout_is_the_nearest_date_ahead() -> None:
    rollout = Rollout(optional_from=10.0, announced_from=20.0, mandatory_from=30.0)
    assert [rollout.next_change(now) for now in (0.0, 10.0, 25.0)] == [10.0, 20.0, 30.0]
    assert rollout.next_change(30.0) == Rollout().next_change(0.0) == float("inf")


@given(asked=asked, query=st.sampled_from([b"", b"a=b", b"emp=02", b"month=202402", b"x#y", b"user=A"]))
def test_where_the_query_is_minded_by_nobody_it_changes_nothing(asked: tuple[bytes, str], query: bytes) -> None:
    method, raw = asked
    target = parse_target(raw.encode())
    assume(target.doubt is None)
    minded = ACCESS.doors.minds_query(target.path)
    with_query = parse_target(target.path + b"?" + query)
    assume(with_query.doubt is None)
    assert minded or opening(method, with_query, ACCESS) == opening(method, parse_target(target.path), ACCESS)


def test_a_query_counts_at_doors_and_where_it_signs_out() -> None:
    out = SignOutRule("portal", "/menu", frozenset({b"GET"}), query=(("do", "logout"),))
    doors = Doors((SIGN_IN,), (out, SIGN_OUT))
    minded = {path: doors.minds_query(path) for path in (b"/login", b"/Login/x", b"/menu", b"/logout", b"/top")}
    assert minded == {b"/login": True, b"/Login/x": True, b"/menu": True, b"/logout": False, b"/top": False}
