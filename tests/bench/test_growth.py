"""What may not grow with routes and tenants, counted instead of timed."""

from __future__ import annotations

from typing import Any

import pytest

from bench import decisions
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


def test_memory_that_rises_is_not_flat() -> None:
    level = [100 << 20] * 100
    assert verdict(level)["flat"]
    assert verdict(level)["slope_kib_a_minute"] == 0.0
    filling = [*range(50 << 20, 100 << 20, 1 << 20), *level[:50]]
    assert verdict(filling)["flat"], "what is filled up once in the first half may be"
    rising = [(100 << 20) + number * (100 << 10) for number in range(100)]
    assert not verdict(rising)["flat"]
    assert slope(rising, 2.0) == pytest.approx((100 << 10) * 30)
