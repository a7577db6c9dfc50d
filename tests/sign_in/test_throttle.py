"""Who guesses passwords has to wait, the app is not asked meanwhile, and nobody else notices (R-019)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path
from threading import Barrier, Thread

import pytest

from gateway.proxy import throttle
from gateway.proxy.throttle import PER_ADDRESS, WINDOW_SECONDS, SignInThrottle
from tests.harness.echo import Seen
from tests.harness.person import Person
from tests.harness.wire import WireAnswer
from tests.sign_in.world import World, answer, world

HERE, THERE, PROXY = "198.51.100.7", "203.0.113.9", "10.0.0.1"
NOW = 1_000_000.0
FORM = "sign_in: [{path: /login, login_id: {form: user}, success: {status: 302}}]"
MORE = "trusted_proxies: [127.0.0.1]\nlimits: {wrong_passwords: 5}"


def of(most: int | None) -> SignInThrottle:
    return SignInThrottle(most, (ip_network("10.0.0.0/8"),))


def taken(made: SignInThrottle, number: int, login_id: str = "B1", address: str = HERE, now: float = NOW) -> int:
    return sum(made.take(login_id, address, now) for _ in range(number))


def test_so_many_and_no_more_until_the_window_ends() -> None:
    made = of(5)
    assert taken(made, 9) == 5
    assert taken(made, 1, now=NOW + WINDOW_SECONDS - 1) == 0
    assert taken(made, 9, now=NOW + WINDOW_SECONDS) == 5
    assert taken(made, 1, now=NOW) == 1, "a clock that was set back keeps nobody out"


def test_another_person_at_the_same_address_goes_on() -> None:
    made = of(5)
    assert taken(made, 9) == 5
    assert taken(made, 1, "B2") == 1


def test_another_address_does_not_help_who_guesses() -> None:
    made = of(5)
    assert taken(made, 3) == 3
    assert taken(made, 9, address=THERE) == 2


def test_where_a_person_has_signed_in_strangers_keep_nobody_out() -> None:
    made = of(5)
    assert taken(made, 1) == 1
    made.right("B1", HERE, NOW)
    assert taken(made, 9, address=THERE) == 5
    assert taken(made, 9) == 5
    made.right("B1", HERE, NOW)
    assert taken(made, 9) == 5, "the right password makes all before it forgotten"


def test_one_address_with_many_persons_has_its_limit_but_not_a_proxys() -> None:
    made = of(5)
    most = 5 * PER_ADDRESS
    assert sum(made.take(f"B{number}", HERE, NOW) for number in range(most + 10)) == most
    assert taken(made, 1, "C1", THERE) == 1
    assert sum(made.take(f"D{number}", PROXY, NOW) for number in range(most + 10)) == most + 10
    assert sum(made.take(f"E{number}", "", NOW) for number in range(most + 10)) == most + 10


def test_the_right_ones_of_an_address_do_not_count() -> None:
    made = of(5)
    for number in range(20 * PER_ADDRESS):
        assert made.take(f"B{number}", HERE, NOW)
        made.right(f"B{number}", HERE, NOW)


def test_an_address_at_which_people_get_in_is_no_guessers() -> None:
    made = of(5)
    for number in range(100 * PER_ADDRESS):
        assert made.take(f"B{number}", HERE, NOW), "one typing error in four"
        if number % 4:
            made.right(f"B{number}", HERE, NOW)


def test_who_knows_one_password_cannot_go_on_guessing_others() -> None:
    made, guessed = of(5), 0
    for number in range(100 * PER_ADDRESS):
        guessed += made.take(f"B{number}", HERE, NOW)
        if made.take("insider", HERE, NOW):
            made.right("insider", HERE, NOW)
    assert guessed <= 5 * PER_ADDRESS + 4


def test_what_nobody_judged_does_not_count() -> None:
    made = of(5)
    for _ in range(20):
        assert made.take("B1", HERE, NOW)
        made.give_back("B1", HERE)


def test_without_a_limit_nothing_is_counted() -> None:
    made = of(None)
    assert taken(made, 1000) == 1000
    made.right("B1", HERE, NOW)
    assert not made._homes


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "_MOST", 100)
    made = of(5)
    for number in range(300):
        made.take(f"B{number}", f"2001:db8:{number:x}::1", NOW)
        made.right(f"C{number}", HERE, NOW)
    assert len(made._homes) == len(made._persons._counts) == len(made._addresses._counts) == 100


def legacy(seen: Seen) -> bytes:
    if seen.method == b"POST" and seen.target == b"/login":
        if b"pw=good" in seen.body:
            return answer("302 Found", b"", "Set-Cookie: SID=in; Path=/", "Location: /top")
        return answer("503 Down", b"down") if b"pw=down" in seen.body else answer("200 OK", b"<p>wrong</p>")
    return answer(body=b"page")


def attempt(person: Person, password: str, user: str = "B0000011", address: str = HERE, *lines: str) -> WireAnswer:
    forwarded = f"X-Forwarded-For: {address}"
    return person.ask("POST", "/login", f"user={user}&pw={password}".encode(), forwarded, *lines)


def posts(w: World) -> int:
    return sum(seen.method == b"POST" for seen in w.seen())


def test_after_so_many_wrong_passwords_the_app_is_not_asked(tmp_path: Path) -> None:
    with world(tmp_path, FORM, legacy, MORE) as w:
        person = w.person()
        assert [attempt(person, "bad").status for _ in range(5)] == [200] * 5
        w.seen()
        paused = attempt(person, "good", "B0000011", HERE, "Accept-Language: ja")
        assert (paused.status, paused.header("retry-after")) == (429, "1800")
        assert "しばらくログインできません" in paused.body.decode()
        assert 'href="/login"' in paused.body.decode()
        script = attempt(person, "good", "B0000011", HERE, "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty")
        assert script.status == 429
        assert b'"reason": "sign-in-paused"' in script.body
        assert attempt(person, "good", address=THERE).status == 429
        assert posts(w) == 0
        assert attempt(w.person(), "good", "B0000012").status == 303, "somebody else"
        w.clock.forward(WINDOW_SECONDS)
        assert attempt(person, "good").status == 303
    with closing(sqlite3.connect(tmp_path / "var" / "registry.db")) as registry:
        events = [name for (name,) in registry.execute("SELECT name FROM audit_events")]
    assert events.count("sign_in.password.refused") == 5
    assert events.count("sign_in.password.paused") == 3


def test_a_session_stays_when_its_browser_is_told_to_wait(tmp_path: Path) -> None:
    with world(tmp_path, FORM, legacy, MORE) as w:
        stranger, person = w.person(), w.person()
        assert attempt(person, "good").status == 303
        before = dict(person.cookies)
        for _ in range(5):
            attempt(stranger, "bad", "B0000012")
        assert attempt(person, "bad", "B0000012").status == 429
        assert person.cookies == before
        assert person.get("/.sekisho/choice").status == 200


def test_an_app_that_is_out_of_order_says_nothing_of_a_password(tmp_path: Path) -> None:
    with world(tmp_path, FORM, legacy, MORE) as w:
        person = w.person()
        assert [attempt(person, "down").status for _ in range(9)] == [503] * 9
        assert attempt(person, "good").status == 303


def test_many_at_once_are_no_more_than_one_after_the_other(tmp_path: Path) -> None:
    with world(tmp_path, FORM, legacy, MORE) as w:
        together, found = Barrier(20), []

        def guess() -> None:
            person = w.person()
            together.wait()
            found.append(attempt(person, "bad").status)

        threads = [Thread(target=guess) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == [200] * 5 + [429] * 15
        assert posts(w) == 5
