"""Who has waited too long is told so, and nobody else."""

from __future__ import annotations

from collections.abc import Callable

from gateway.proxy.sweep import Sweep


class Waiting:
    """Due at once; does something when told."""

    def __init__(self, told: Callable[[Waiting], None]) -> None:
        self.deadline = 0.0
        self.times = 0
        self._told = told

    def on_deadline(self) -> None:
        self.times += 1
        self._told(self)


async def test_who_is_served_while_another_is_told_of_its_deadline_is_not_told_of_its_own() -> None:
    """To time one request out may bring about the next, and that may find answers that have come for others."""
    sweep = Sweep(lambda: 100.0, 1.0)
    both: list[Waiting] = []

    def told(one: Waiting) -> None:
        for other in both:
            if other is not one:
                other.deadline = sweep.after(60.0)

    for _ in range(2):
        both.append(Waiting(told))
        sweep.add(both[-1])
    sweep._look()
    assert sorted(one.times for one in both) == [0, 1]
    assert sorted(one.deadline for one in both) == [161.0, float("inf")]
