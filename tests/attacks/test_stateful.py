"""S lines: attacks in several steps, one function a line; codes come from oathtool, time from a movable clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urlencode

import pytest

from tests.attacks.asking import assert_refused, cookie_line, request, send
from tests.attacks.conftest import OWN, Stage
from tests.attacks.cookies import values_of
from tests.attacks.corpus import Case, of_kind
from tests.harness.person import Person, csrf_of
from tests.harness.totp import wrong_codes
from tests.harness.wire import WireAnswer, answers, drain

OTHER = "B0000013"
STEP = 30.0


def enrolled(stage: Stage, login_id: str = OWN) -> Person:
    """A person who has enrolled and signed out of mind: the phone is kept, the next code is a later step's."""
    person = stage.person()
    person.full(login_id)
    stage.clock.forward(2 * STEP)
    return person


def at_the_code(stage: Stage, secret: str, login_id: str = OWN) -> Person:
    """A second browser of the same person, in front of the code page."""
    person = stage.person()
    person.secret = secret
    assert person.sign_in(login_id).status == 303
    assert person.choose("full").status == 303
    return person


def reaches_admin(stage: Stage, person: Person) -> bool:
    """Whether this browser's session is a full one, by what the app saw."""
    stage.app.clear()
    person.ask("GET", "/admin/x")
    return [seen.target for seen in stage.seen()] == [b"/admin/x"]


def code_posts(person: Person, codes: list[str]) -> list[bytes]:
    """Raw code submissions with a valid token."""
    csrf = csrf_of(person.page("/.sekisho/code"))
    lines = ("Origin: https://app.test", "Sec-Fetch-Site: same-origin")
    return [
        person.raw("POST", "/.sekisho/code", urlencode({"csrf": csrf, "totp": totp}).encode(), *lines) for totp in codes
    ]


def together(works: Sequence[Callable[[], object]]) -> None:
    """Run all at the same time and wait."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def leads_on(answer: WireAnswer) -> bool:
    """Whether the answer to a code is "right": onwards to the app."""
    return answer.status == 303 and not (answer.header("location") or "").startswith("/.sekisho/")


def burst_is_bounded(stage: Stage) -> None:
    """Five wrong codes are evaluated of 200 in one burst; right codes behind them are not."""
    phone = enrolled(stage)
    attacker = at_the_code(stage, phone.secret)
    wrong = wrong_codes(phone.secret, stage.clock(), 60)
    pipelined = b"".join(code_posts(attacker, wrong[:20] + [phone.now_code()] * 30))
    posts = code_posts(attacker, wrong[20:70] + wrong[:10])
    burst = [partial(drain, stage.port, pipelined, quiet=2.0)]
    burst += [partial(drain, stage.port, raw * 3, quiet=2.0) for raw in posts]
    together(burst)
    assert not reaches_admin(stage, attacker)
    answer = attacker.get("/.sekisho/code")
    assert answer.header("location") == "/.sekisho/locked" or "locked" in answer.decoded_body().decode(), answer.head
    assert not reaches_admin(stage, attacker)
    stage.clock.forward(31 * 60)
    late = at_the_code(stage, phone.secret)
    assert leads_on(late.enter(late.now_code())), "one lock only, and it ends"


def session_from_before_the_lock_is_locked_too(stage: Stage) -> None:
    """The lock counts when the code is redeemed, not when its page was opened."""
    phone = enrolled(stage)
    first, second = at_the_code(stage, phone.secret), at_the_code(stage, phone.secret)
    (waiting,) = code_posts(first, [phone.now_code()])
    for totp in wrong_codes(phone.secret, stage.clock(), 5):
        second.ask("GET", "/.sekisho/code")
        for raw in code_posts(second, [totp]):
            send(stage, raw)
    assert not leads_on(send(stage, waiting))
    assert not reaches_admin(stage, first)


def code_counts_once(stage: Stage) -> None:
    """Two sessions send the same right code at once: one of them gets in."""
    phone = enrolled(stage)
    pair = [at_the_code(stage, phone.secret) for _ in range(2)]
    posts = [code_posts(person, [phone.now_code()])[0] for person in pair]
    got: list[WireAnswer] = []

    def collect(raw: bytes) -> None:
        got.append(send(stage, raw))

    together([partial(collect, raw) for raw in posts])
    assert sorted(leads_on(answer) for answer in got) == [False, True]


def last_issued_secret_counts(stage: Stage) -> None:
    """Two tabs of one session: only the key shown last can be confirmed, and only once."""
    person = stage.person()
    person.sign_in(OWN)
    person.choose("full")
    first_csrf = person.begin_enrolment()
    first_code = person.now_code()
    first_secret = person.secret
    second_csrf = person.begin_enrolment()
    if person.secret != first_secret:
        assert not leads_on(person.post("/.sekisho/enrol", {"csrf": first_csrf, "totp": first_code}))
    sent = {"csrf": second_csrf, "totp": person.now_code()}
    raw = person.raw("POST", "/.sekisho/enrol", urlencode(sent).encode(), "Origin: https://app.test")
    assert leads_on(send(stage, raw))
    assert not leads_on(send(stage, raw))


def chosen_secret_is_ignored(stage: Stage) -> None:
    """A key in the form is not the key: its codes are wrong."""
    person = stage.person()
    person.sign_in(OWN)
    person.choose("full")
    csrf = person.begin_enrolment()
    own, person.secret = person.secret, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    forged = dict.fromkeys(("secret", "key", "seed", "otpauth"), person.secret)
    assert not leads_on(person.post("/.sekisho/enrol", {"csrf": csrf, "totp": person.now_code(), **forged}))
    assert not reaches_admin(stage, person)
    person.secret = own
    again = csrf_of(person.page("/.sekisho/enrol"))
    assert leads_on(person.post("/.sekisho/enrol", {"csrf": again, "totp": person.now_code()}))


def enrolled_person_cannot_enrol_again(stage: Stage) -> None:
    """With the password alone the key of an enrolled ID is neither shown nor replaced."""
    phone = enrolled(stage)
    thief = at_the_code(stage, phone.secret)
    answer = thief.get("/.sekisho/enrol")
    assert phone.secret[:4] not in answer.decoded_body().decode()
    assert answer.status in (303, 403, 404), answer.head
    csrf = csrf_of(thief.page("/.sekisho/code"))
    thief.secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    assert not leads_on(thief.post("/.sekisho/enrol", {"csrf": csrf, "totp": thief.now_code(), "secret": thief.secret}))
    assert not reaches_admin(stage, thief)
    after = at_the_code(stage, phone.secret)
    assert leads_on(after.enter(after.now_code()))


def cookie_from_before_the_step_up_is_dead(stage: Stage) -> None:
    """The session's name changes with its assurance: the old one opens nothing, restricted things neither."""
    person = stage.person()
    person.restricted(OWN)
    before = cookie_line(person)
    person.page("/.sekisho/step-up")
    assert person.enrol().status == 303
    assert reaches_admin(stage, person)
    for target in (b"/admin/x", b"/pub/x"):
        stage.app.clear()
        assert_refused(stage, send(stage, request(target, before)))


def failed_sign_in_grants_nothing(stage: Stage) -> None:
    """The app answers 200 and sets a cookie for a wrong password: nobody is signed in, and the cookie stays here."""
    person = stage.person()
    answer = person.sign_in(OWN, "wrong")
    assert answer.status == 200
    assert b"wrong password" in answer.body
    assert "__Host-sekisho" not in person.cookies
    assert not any(value in answer.head.decode("latin-1") for value in stage.legacy.issued)
    for target in ("/pub/x", "/admin/x", "/.sekisho/choice", "/.sekisho/code", "/.sekisho/enrol"):
        stage.app.clear()
        got = person.get(target)
        assert got.status in (303, 401, 403, 404), (target, got.head)
        assert not stage.seen()


def people_never_share_cookies(stage: Stage) -> None:
    """Two people over one pool of connections: each request carries its own person's session, no answer another's."""
    people = {login_id: stage.person() for login_id in (OWN, OTHER)}
    for login_id, person in people.items():
        person.restricted(login_id)
    stage.app.clear()
    received: list[bytes] = []

    def visit(person: Person, login_id: str) -> None:
        received.extend(person.ask("GET", f"/pub/{login_id}/{number}").head for number in range(15))

    together([partial(visit, person, login_id) for login_id, person in people.items()])
    assert len(stage.seen()) == 30
    for seen in stage.seen():
        (value,) = values_of(seen.cookie, "JSESSIONID")
        assert stage.legacy.tokens[value.decode()].encode() == seen.target.split(b"/")[2]
    assert not any(value.encode() in head for head in received for value in stage.legacy.issued)


def stranger_cannot_lock(stage: Stage) -> None:
    """Who knows only the login ID uses up no try."""
    phone = enrolled(stage)
    stranger = stage.person()
    for _ in range(8):
        stranger.sign_in(OWN, "wrong")
        stranger.post("/.sekisho/code", {"totp": "000000", "login_id": OWN})
        stranger.post("/.sekisho/enrol", {"totp": "000000", "login_id": OWN})
    owner = at_the_code(stage, phone.secret)
    assert leads_on(owner.enter(owner.now_code()))


def rotated_session_is_followed(stage: Stage) -> None:
    """The app renews its cookie: the next request carries the new one and the browser sees neither."""
    person = stage.person()
    person.restricted(OWN)
    answer = person.get("/pub/rotate")
    newest = stage.legacy.issued[-1]
    assert newest not in answer.head.decode("latin-1")
    assert answer.all("set-cookie") == []
    stage.app.clear()
    person.get("/pub/x")
    assert values_of(stage.seen()[0].cookie, "JSESSIONID") == {newest.encode()}


def restart_forgives_nothing(stage: Stage) -> None:
    """Three wrong codes, a restart, two more: locked."""
    phone = enrolled(stage)
    wrong = wrong_codes(phone.secret, stage.clock(), 5)
    before = at_the_code(stage, phone.secret)
    for totp in wrong[:3]:
        before.enter(totp)
    stage.gateway.restart()
    after = at_the_code(stage, phone.secret)
    for totp in wrong[3:]:
        after.enter(totp)
    last = at_the_code(stage, phone.secret)
    page = last.get("/.sekisho/code")
    if page.status == 200:
        assert not leads_on(last.enter(last.now_code()))
    else:
        assert page.header("location") == "/.sekisho/locked"
    assert not reaches_admin(stage, last)


def websocket_is_judged_like_any_request(stage: Stage) -> None:
    """A handshake to what needs a code, or from another origin, never reaches the app."""
    person = stage.person()
    person.restricted(OWN)
    stage.app.clear()
    upgrade = (
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    for target, origin in ((b"/admin/ws", b"Origin: https://app.test"), (b"/ws", b"Origin: https://evil.test")):
        answer = send(stage, request(target, cookie_line(person), origin, *upgrade))
        assert answer.status in (400, 401, 403), answer.head
        assert not stage.app.log.raw


ATTACKS = {
    "200 wrong TOTP codes": burst_is_bounded,
    "start 2FA session A before": session_from_before_the_lock_is_locked_too,
    "right code submitted twice": code_counts_once,
    "enrolment opened in two tabs": last_issued_secret_counts,
    "enrolment POST with an": chosen_secret_is_ignored,
    "enrolled user calls": enrolled_person_cannot_enrol_again,
    "restricted session replays": cookie_from_before_the_step_up_is_dead,
    "legacy login POST answered": failed_sign_in_grants_nothing,
    "two users through one": people_never_share_cookies,
    "victim locked out by": stranger_cannot_lock,
    "legacy app rotates": rotated_session_is_followed,
    "restart of the gateway": restart_forgives_nothing,
    "websocket upgrade on": websocket_is_judged_like_any_request,
}


@pytest.mark.parametrize("case", of_kind("S"), ids=lambda case: case.name)
def test_steps(own_stage: Stage, case: Case) -> None:
    """Every S line of the corpus has its function; a new line without one fails here."""
    (attack,) = [attack for start, attack in ATTACKS.items() if case.payload.decode().startswith(start)]
    attack(own_stage)


def test_pipelined_codes_get_one_answer_each(own_stage: Stage) -> None:
    """A burst on one connection is answered in order; five say "wrong", the rest "locked"."""
    phone = enrolled(own_stage)
    attacker = at_the_code(own_stage, phone.secret)
    posts = code_posts(attacker, wrong_codes(phone.secret, own_stage.clock(), 12))
    data, _ = drain(own_stage.port, b"".join(posts), quiet=2.0)
    got = answers(data, ["POST"] * 12)
    places = [answer.header("location") or "" for answer in got if answer.status == 303]
    assert sum("/locked" not in place for place in places) <= 5, places
    assert not any(leads_on(answer) for answer in got)
