"""What may not grow with routes and tenants, counted instead of timed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bench import decisions, profile
from bench.soak import slope, verdict
from gateway.core import routes


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many places of the tree a search looks at."""
    seen: list[int] = []
    descend = routes._descend

    def counted(*arguments: Any) -> Any:
        seen.append(1)
        return descend(*arguments)

    monkeypatch.setattr(routes, "_descend", counted)
    return seen


def test_a_search_looks_at_as_many_places_with_10_000_routes_as_with_30(visits: list[int]) -> None:
    few, many = decisions.table(30), decisions.table(10_000)
    for path in decisions.addresses(30, 40):
        visits.clear()
        of_few = [candidate.route.path for candidate in few.candidates(path)]
        places = len(visits)
        visits.clear()
        assert [candidate.route.path for candidate in many.candidates(path)] == of_few
        assert len(visits) == places > 0


def test_addresses_of_every_size_are_spread_over_its_routes() -> None:
    for size in decisions.ROUTES:
        table = decisions.table(size)
        found = {table.candidates(path)[0].route for path in decisions.addresses(size, 6_000)}
        assert len(found) >= min(size // 5 * 3, 3_000)


def test_stages_add_up_to_what_was_measured() -> None:
    seen = Counter(
        {"proxy.client.A.b": 50, "core.plain_answers.plain_head": 30, "odd.one": 10, "core.decide.x": 0, "rig": 10}
    )
    found = profile.stages(seen, 20.0)
    assert found == {
        "browser's connection": 10.0,
        "answer's head": 6.0,
        "the rest": 2.0,
        "everything smaller": 0.0,
        "in all": 18.0,
    }


def test_one_request_goes_through_the_lane_without_a_socket() -> None:
    found = profile.measured(4000)
    assert found["microseconds"]["in all"] > 0
    assert found["new_address_microseconds"]["in all"] > 0


def test_memory_that_rises_is_not_flat() -> None:
    level = [100 << 20] * 100
    assert verdict(level)["flat"]
    assert verdict(level)["slope_kib_a_minute"] == 0.0
    filling = [*range(50 << 20, 100 << 20, 1 << 20), *level[:50]]
    assert verdict(filling)["flat"], "what is filled up once in the first half may be"
    rising = [(100 << 20) + number * (100 << 10) for number in range(100)]
    assert not verdict(rising)["flat"]
    assert slope(rising, 2.0) == pytest.approx((100 << 10) * 30)
