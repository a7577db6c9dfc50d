"""Too much to do: who comes by the short way is turned away there, without being read, judged or forwarded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.proxy.gate import LaneGate
from gateway.proxy.overload import Overload
from gateway.proxy.valve import CALM, PATIENCE, TICK_SECONDS
from tests.gate.test_express import MORE, PINNED, RULE, app, both_ways, signed_in
from tests.sign_in import world as kinds
from tests.sign_in.world import World, world


@pytest.fixture
def overload(monkeypatch: pytest.MonkeyPatch) -> list[Overload]:
    """The gateway's own; its ticks are given by hand."""
    made: list[Overload] = []

    def start(one: Overload) -> None:
        made.append(one)

    monkeypatch.setattr(Overload, "start", start)
    return made


@pytest.fixture
def w(tmp_path: Path, taken: list[bytes], overload: list[Overload], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(kinds, "YAML", kinds.YAML.replace("offices: {", PINNED))
    with world(tmp_path, RULE, app, MORE) as made:
        assert len(overload) == 1
        yield made


def crowd(overload: Overload) -> None:
    """From now on nobody else is taken until the next tick."""
    for _ in range(PATIENCE + 1):
        overload.look(1.0, 1.1, 1.1)
    for known in (True, False):
        while overload._valve.takes(known=known):
            pass


def test_the_short_way_turns_away_at_once_and_is_open_again_after(
    w: World, taken: list[bytes], overload: list[Overload], monkeypatch: pytest.MonkeyPatch
) -> None:
    person = signed_in(w, "full")
    both_ways(w, taken, person, "/a")
    w.seen()
    crowd(overload[0])
    judged: list[object] = []
    with monkeypatch.context() as patched:
        patched.setattr(LaneGate, "admit", lambda *asked: judged.append(asked))
        for _ in range(2):
            away = person.get("/a")
            assert (away.status, away.complete) == (503, True)
            assert away.header("Retry-After")
            assert away.header("Cache-Control") == "no-store"
            assert b'<html lang="ja"' in away.body
    assert (judged, w.seen()) == ([], [])
    assert person.get("/logout/x").status == 503
    overload[0].look(0.0, TICK_SECONDS, 0.0)
    for _ in range(CALM):
        overload[0].look(0.0, TICK_SECONDS, 0.0)
    assert person.get("/a").status == 200
    assert len(w.seen()) == 1


def test_a_sign_out_goes_through(w: World, taken: list[bytes], overload: list[Overload]) -> None:
    person = signed_in(w, "full")
    both_ways(w, taken, person, "/a")
    w.seen()
    crowd(overload[0])
    assert person.get("/a").status == 503
    person.get("/logout")
    assert [seen.target for seen in w.seen()] == [b"/logout"]


def test_whose_connection_ends_with_each_answer_gets_a_whole_answer_and_its_end(
    w: World, taken: list[bytes], overload: list[Overload]
) -> None:
    person = signed_in(w, "full")
    both_ways(w, taken, person, "/a")
    closing = person.ask("GET", "/a", None, "Connection: close")
    assert closing.status == 200
    crowd(overload[0])
    away = person.ask("GET", "/a", None, "Connection: close")
    assert (away.status, away.complete, away.header("Connection")) == (503, True, "close")
