"""How long a decision takes as routes and tenants become more: python -m bench.decisions.

Every size gets as many addresses, none of them twice in a row nearer than the route table's memory reaches, so that the
table itself is searched; and again with the few that people ask for all day.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from sys import intern
from typing import Any, cast

from gateway.core.decide import AccessMap, RequestFacts, decide
from gateway.core.doors import Doors
from gateway.core.policy import PolicyRules, SessionLimits, TenantFacts, TenantSettings, effective_policy
from gateway.core.rollout import Rollout
from gateway.core.routes import Access, Route, RouteTable
from gateway.core.session import Session
from gateway.core.signin import AnswerTest, FieldPlace, SignInRule
from gateway.core.subject import Feature, Kind, Subject
from gateway.core.target import parse_target
from gateway.stores.base import Registry
from gateway.stores.revisions import Revisions
from gateway.stores.tenants import TenantReader

ROUTES = (30, 1_000, 10_000)
TENANTS = (30, 1_000, 100_000)
_ADDRESSES = 6_000  # three times what a table remembers
_FEW = 200
_NOW = 1_800_000_000.0
_ON = TenantSettings(uses_second_factor=True, exempt=frozenset({Feature.ATTENDANCE_PUNCH}))
_LIMITS = SessionLimits(1800.0, 43200.0)
_RULES = PolicyRules(Rollout(), _LIMITS, _LIMITS)
_WHO = Subject("B00000101", Kind.ESTABLISHMENT, "0001", "000001", "01")
Say = Callable[[str], None]
Once = Callable[[], int]  # makes decisions; how many


def table(count: int) -> RouteTable:
    """So many routes as files have them: literal ones, one segment that varies, whole subtrees."""
    shapes = ("/app{n}/list", "/app{n}/{{id}}/view", "/app{n}/files/**", "/app{n}/menu/top", "/app{n}/{{id}}/edit")
    accesses = (Access.RESTRICTED, Access.RESTRICTED, Access.FULL, Access.PUBLIC, Access.FULL)
    return RouteTable(
        tuple(
            Route(str(n), shapes[n % 5].format(n=n // 5), accesses[n % 5], feature=Feature.ATTENDANCE_PUNCH)
            for n in range(count)
        )
    )


def addresses(routes: int, count: int) -> list[bytes]:
    """So many addresses, spread over the routes."""
    shapes = ("/app{n}/list", "/app{n}/{i}/view", "/app{n}/files/a/{i}", "/app{n}/menu/top", "/app{n}/{i}/edit")
    varying = (1, 2, 4)  # those in which every address is new
    return [shapes[varying[i % 3]].format(n=(i // 3 * 7919) % max(1, routes // 5), i=i).encode() for i in range(count)]


def by_routes(routes: int, count: int) -> Once:
    """Decisions for a restricted session; `count` addresses in turn."""
    access, policy = access_map(routes), effective_policy(_WHO, TenantFacts(_ON, _ON), _RULES, _NOW)
    session, asked = _session(_WHO), facts(routes, count) * (_ADDRESSES // count)

    def once() -> int:
        for one in asked:
            decide(session, one, access, policy, _NOW)
        return len(asked)

    return once


def access_map(routes: int) -> AccessMap:
    """So many routes, and a door."""
    rule = SignInRule("in", "app", "/login", frozenset({b"POST"}), FieldPlace.FORM, "id", (AnswerTest(),))
    return AccessMap(table(routes), Doors((rule,), ()))


def facts(routes: int, count: int) -> list[RequestFacts]:
    """Requests for so many addresses."""
    return [
        RequestFacts(b"GET", parse_target(path + b"?tab=1"), has_body=False, today=date(2027, 1, 15))
        for path in addresses(routes, count)
    ]


def _person(establishment: int) -> Subject:
    """Somebody of that establishment, a hundred of which make an office; as decoded from a session of their own."""
    code = intern(f"{establishment:06}")
    return Subject(f"B{code}01", Kind.ESTABLISHMENT, intern(f"{establishment // 100:04}"), code, "01")


def _session(subject: Subject) -> Session:
    return Session(subject, "app", _NOW - 60, _NOW - 5, restricted_at=_NOW - 50)


class _Settings:
    """A registry in which every tenant has set the same, and nothing changes."""

    async def settings_stamp(self) -> tuple[int, int]:
        """Nothing was ever changed."""
        return 0, 0

    async def settings_revisions(self) -> dict[str, int]:
        """As in the stamp."""
        return {}

    async def office_settings(self, office: str) -> TenantSettings:
        """On."""
        del office
        return _ON

    async def establishment_settings(self, office: str, establishment: str) -> TenantSettings:
        """On, punching exempt."""
        del office, establishment
        return _ON


def by_tenants(tenants: int) -> Once:
    """Decisions, with finding out what holds for a person of one of so many establishments whose settings are fresh:
    people of two thousand of them in turn."""
    stored = _Settings()
    revisions = Revisions(stored, lambda: _NOW)
    reader = TenantReader(cast("Registry", stored), {}, {}, _ON, _ON, lambda: _NOW, revisions)
    everybody = [_person(number) for number in range(tenants)]

    async def fill() -> None:
        for person in everybody:
            await reader.read(person)
            reader.peek(person)

    asyncio.run(fill())
    sessions = [_session(_person((number * 7919) % tenants)) for number in range(_FEW * 10)]
    access, requests = access_map(ROUTES[0]), facts(ROUTES[0], _FEW) * 10

    def once() -> int:
        for session, request in zip(sessions, requests, strict=True):
            known = reader.peek(session.subject)
            assert known is not None
            decide(session, request, access, effective_policy(session.subject, known, _RULES, _NOW), _NOW)
        return len(sessions)

    return once


def measured(say: Say, rounds: int = 25) -> dict[str, Any]:
    """Microseconds by size, and the largest ratio to the smallest size, for build/bench.json."""
    return {
        "routes": _line(say, "routes, every address new", ROUTES, lambda size: by_routes(size, _ADDRESSES), rounds),
        "routes_remembered": _line(
            say, "routes, addresses of every day", ROUTES, lambda size: by_routes(size, _FEW), rounds
        ),
        "tenants": _line(say, "tenants", TENANTS, by_tenants, rounds),
    }


def _line(say: Say, what: str, sizes: Sequence[int], make: Callable[[int], Once], rounds: int) -> dict[str, Any]:
    seconds = least({size: make(size) for size in sizes}, rounds)
    ratio = max(seconds.values()) / seconds[sizes[0]]
    words = ", ".join(f"{size:,}: {value * 1e6:.2f} µs" for size, value in seconds.items())
    say(f"decision by {what}: {words}; largest / smallest size {ratio:.2f}")
    microseconds = {str(size): round(value * 1e6, 3) for size, value in seconds.items()}
    return {"microseconds": microseconds, "ratio": round(ratio, 3)}


def least(works: Mapping[int, Once], rounds: int) -> dict[int, float]:
    """Processor seconds of one decision of each: all in turn, of the rounds the least, which others disturb least."""
    found = dict.fromkeys(works, float("inf"))
    for once in works.values():
        once()
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for size, once in works.items():
                begun = time.process_time()
                count = once()
                found[size] = min(found[size], (time.process_time() - begun) / count)
    finally:
        gc.enable()
    return found


if __name__ == "__main__":
    measured(print)
