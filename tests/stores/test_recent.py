"""What is kept at hand is bounded, and what is used stays."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.stores.recent import Recent


@dataclass
class Entry:
    """A value with its mark of use."""

    number: int
    used: bool = False


def filled(most: int, entries: int) -> tuple[Recent[int, Entry], list[int]]:
    """Many entries, in order; the numbers of those that had to go."""
    gone: list[int] = []
    recent: Recent[int, Entry] = Recent(most, lambda entry: gone.append(entry.number))
    for number in range(entries):
        recent.put(number, Entry(number))
    return recent, gone


def test_the_oldest_goes() -> None:
    recent, gone = filled(10, 30)
    assert list(recent.entries) == list(range(20, 30))
    assert gone == list(range(20))


def test_what_is_used_stays_as_long_as_it_is_used() -> None:
    recent, gone = filled(10, 10)
    for number in range(10, 1000):
        assert recent.get(3) is not None
        recent.put(number, Entry(number))
        assert len(recent) == 10
    assert 3 not in gone
    for number in range(1000, 1020):
        recent.put(number, Entry(number))
    assert recent.get(3) is None
    assert 3 in gone


def test_where_all_are_used_an_insertion_still_ends() -> None:
    recent, gone = filled(1000, 1000)
    for number in range(1000):
        recent.get(number)
    recent.put(1000, Entry(1000))
    assert len(recent) == 1000
    assert gone == [8]


def test_replacing_and_forgetting_make_no_room_that_is_not_there() -> None:
    recent, gone = filled(10, 10)
    recent.put(3, Entry(33))
    assert recent.pop(4) == Entry(4)
    assert recent.pop(4) is None
    recent.put(10, Entry(10))
    assert gone == []
    assert recent.get(3) == Entry(33, used=True)
    recent.clear()
    assert len(recent) == 0
