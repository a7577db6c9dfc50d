"""What strangers may cost the registry is bounded, per address and in all."""

from __future__ import annotations

from gateway.proxy.budget import Budget


def test_one_address_spends_its_own_share_only() -> None:
    budget = Budget(per_key=2, total=10)
    assert [budget.spend("a", 0.0) for _ in range(3)] == [True, True, False]
    assert budget.spend("b", 0.0)


def test_many_addresses_together_spend_no_more_than_the_total() -> None:
    budget = Budget(per_key=2, total=10)
    assert sum(budget.spend(str(number), 0.0) for number in range(100)) == 10


def test_a_new_minute_begins_anew_and_a_clock_that_goes_back_too() -> None:
    budget = Budget(per_key=1)
    assert budget.spend("a", 100.0)
    assert not budget.spend("a", 159.9)
    assert budget.spend("a", 160.0)
    assert budget.spend("a", 10.0)
