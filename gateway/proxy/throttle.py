"""Sign-ins that failed lately: who guesses passwords has to wait, and the app is not even asked (R-019).

    attempt ─► take ─ False ─► 429, nothing was sent
                └─ True ─► app ─┬─ right ───► what this person got wrong here is forgotten
                                ├─ no answer ► give_back
                                └─ wrong ───► it stays counted, until half an hour after the first

An attempt counts from before it is sent, so that a thousand at once are no more than fifty one after the other. A
stranger's guesses do not keep a person out where they have signed in before: those addresses count apart. And an
address at which people get in is an office's, or a proxy's that nobody named: each person who does takes several
failures off. It is all in this process's memory, bounded, and apart from wrong codes, which the registry counts.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from gateway.core.heads import Networks, is_trusted
from gateway.core.households import household

WINDOW_SECONDS = 1800.0
PER_ADDRESS = 20  # times what one person may get wrong: an office's people may share an address
_TAKEN_OFF = 4  # failures of an address, by each person who signs in there: of those who type most are right
_MOST = 65536  # remembered of each kind: the oldest are forgotten

Key = int  # the hash of what is counted: login IDs are as long as somebody types


@dataclass(slots=True)
class _Count:
    number: int
    until: float


class _Counts:
    """How often something happened, in a window that begins with the first time."""

    def __init__(self, most: int) -> None:
        """`most`: how often it may happen."""
        self._most = most
        self._counts: OrderedDict[Key, _Count] = OrderedDict()

    def full(self, key: Key, now: float) -> bool:
        count = self._current(key, now)
        return count is not None and count.number >= self._most

    def add(self, key: Key, now: float) -> None:
        count = self._current(key, now)
        if count is not None:
            count.number += 1
            return
        self._counts[key] = _Count(1, now + WINDOW_SECONDS)
        self._counts.move_to_end(key)
        if len(self._counts) > _MOST:
            self._counts.popitem(last=False)

    def take_off(self, key: Key, number: int = 1) -> None:
        count = self._counts.get(key)
        if count is not None:
            count.number = max(0, count.number - number)

    def forget(self, key: Key) -> None:
        self._counts.pop(key, None)

    def _current(self, key: Key, now: float) -> _Count | None:
        """None when there is none or its time is over; a clock that was set back ends it, too."""
        count = self._counts.get(key)
        return count if count is not None and 0 < count.until - now <= WINDOW_SECONDS else None


class SignInThrottle:
    """Who may try a password now. `now` in seconds."""

    def __init__(self, most: int | None, uncounted: Networks) -> None:
        """`most`: wrong passwords of one person in half an hour; None: any number. `uncounted`: addresses that speak
        for many people, of which only the persons are counted."""
        self._off = most is None
        self._persons = _Counts(most or 0)
        self._addresses = _Counts((most or 0) * PER_ADDRESS)
        self._uncounted = uncounted
        self._homes: OrderedDict[Key, float] = OrderedDict()  # where persons have signed in, and when

    def take(self, login_id: str, address: str, now: float) -> bool:
        """Whether this attempt may be sent; it is counted if so."""
        if self._off:
            return True
        person, place = self._person(login_id, address), self._place(address)
        if self._persons.full(person, now) or (place is not None and self._addresses.full(place, now)):
            return False
        self._persons.add(person, now)
        if place is not None:
            self._addresses.add(place, now)
        return True

    def right(self, login_id: str, address: str, now: float) -> None:
        """It was the right password: this person is known here from now on."""
        if self._off:
            return
        self.give_back(login_id, address)
        home, place = hash((login_id, household(address))), self._place(address)
        before = self._homes.get(home)
        if place is not None and (before is None or not 0 <= now - before < WINDOW_SECONDS):
            self._addresses.take_off(place, _TAKEN_OFF)
        self._homes[home] = now
        self._homes.move_to_end(home)
        self._persons.forget(home)
        if len(self._homes) > _MOST:
            self._homes.popitem(last=False)

    def give_back(self, login_id: str, address: str) -> None:
        """Nobody judged it: it does not count."""
        place = self._place(address)
        self._persons.take_off(self._person(login_id, address))
        if place is not None:
            self._addresses.take_off(place)

    def _person(self, login_id: str, address: str) -> Key:
        home = hash((login_id, household(address)))
        return home if home in self._homes else hash(login_id)

    def _place(self, address: str) -> Key | None:
        if not address or is_trusted(address, self._uncounted):
            return None
        return hash(household(address))
