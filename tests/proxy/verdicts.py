"""What each browser of a scene must have seen, given which requests the app has really got."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.proxy.scenes import Answered, Ask, Name, Scene, Sight, Told, stuff


@dataclass(frozen=True)
class Delivery:
    """A request that reached the app. `nth`: how many the connection had carried before; `whole`: with all its body."""

    nth: int
    whole: bool


@dataclass(frozen=True)
class Expected:
    """What may have become of one request. `cut`: it may have been broken off, never looking whole."""

    whole: frozenset[tuple[int, str, bytes]]
    cut: bool
    keeps: bool | None  # None: either


def read_answer(data: bytes, ask: Ask, *, ended: bool) -> tuple[Answered, bytes] | None:
    """The next whole answer and what stands behind it. `ended`: nothing follows, and the end was a clean one."""
    while True:
        head, mark, rest = data.partition(b"\r\n\r\n")
        if not mark:
            return None
        first, *lines = head.split(b"\r\n")
        status = int(first.split(b" ")[1])
        if status != 100:
            break
        data = rest
    assert first.startswith(b"HTTP/1.1 "), first
    assert status >= 200, f"an interim answer went on to the browser: {head!r}"
    fields = {line.split(b":")[0].lower(): line.split(b":")[1].strip() for line in lines}
    assert len(fields) == len(lines), f"a header stands twice: {head!r}"
    name = fields.get(b"x-name", b"").decode()
    if ask.method == "HEAD" or status in (204, 304):
        return Answered(status, name, b""), rest
    if b"content-length" in fields:
        size = int(fields[b"content-length"])
        return (Answered(status, name, rest[:size]), rest[size:]) if len(rest) >= size else None
    if b"transfer-encoding" in fields:
        assert ask.version == "1.1", "chunks for HTTP/1.0"
        body = _dechunked(rest)
        return None if body is None else (Answered(status, name, body[0]), body[1])
    assert fields.get(b"connection") == b"close", f"nobody can tell where this ends: {head!r}"
    return (Answered(status, name, rest), b"") if ended else None


def _dechunked(data: bytes) -> tuple[bytes, bytes] | None:
    body = b""
    while True:
        line, mark, rest = data.partition(b"\r\n")
        if not mark:
            return None
        size = int(line, 16)
        if len(rest) < size + 2:
            return None
        assert rest[size : size + 2] == b"\r\n"
        body, data = body + rest[:size], rest[size + 2 :]
        if size == 0:
            return body, data


def _expected(scene: Scene, name: Name, deliveries: list[Delivery], *, stale: bool) -> Expected:
    ask, told = scene.pair(name)
    assert len(deliveries) <= 2, "sent three times"
    if len(deliveries) == 2:
        assert ask.repeatable, f"{ask.method} was sent twice"
        assert told.dies, "sent again though an answer had begun"
    keeps_after_failure = ask.keep if not ask.body else (None if ask.keep else False)
    failure = (502, "", b"" if ask.method == "HEAD" else b"failed")
    failed = Expected(frozenset((failure,)), cut=False, keeps=keeps_after_failure)
    if not deliveries:
        assert stale, "never reached the app"
        assert not ask.repeatable, "could have been sent again on a fresh connection"
        return failed
    if told.dies and len(deliveries) == 1:
        assert not ask.repeatable or deliveries[0].nth == 0, "could have been sent again"
        return failed
    whole = _whole(ask, told, name, scene)
    if whole is None:
        return failed
    cut = whole[2] is None
    # A reset may overtake what was sent before it, and hanging up on an upload is one: the app's own kernel drops it.
    lossy = told.early == "drop" or (told.broken is not None and (told.hard or told.early == "drain"))
    outcomes = {failure} if lossy or (cut and scene.gate == "later") else set()
    if whole[2] is not None:
        outcomes.add((whole[0], whole[1], whole[2]))
    return Expected(frozenset(outcomes), cut or lossy, None if lossy else _keeps(ask, told, scene))


def _whole(ask: Ask, told: Told, name: Name, scene: Scene) -> tuple[int, str, bytes | None] | None:
    """The answer that must arrive; None: no head, so a 502; a body of None: it breaks off."""
    sent, complete = told.cut(ask, name, scene.down)
    heads = len(told.heads(name))
    if len(sent) < heads:
        return None
    label, body = f"{name[0]}/{name[1]}", stuff("down", name, told.size)
    if told.bodiless(ask):
        return told.status, label, b""
    if complete or (told.framing == "length" and not told.size):
        return told.status, label, body
    if told.framing == "close" and not told.hard:
        return told.status, label, sent[heads:]
    return told.status, label, None


def _keeps(ask: Ask, told: Told, scene: Scene) -> bool | None:
    if not ask.keep:
        return False
    measured = told.bodiless(ask) or (told.framing == "length" and scene.gate != "filter")
    if ask.version == "1.0" and not measured:
        return False
    return None if told.early != "no" else True


def judge(scene: Scene, number: int, sight: Sight, deliveries: Mapping[Name, list[Delivery]], *, stale: bool) -> None:
    """Raise AssertionError unless browser `number` saw exactly what it had to."""
    line = scene.lines[number]
    for place, (ask, _) in enumerate(line.pairs):
        name = (number, place)
        seen = sight.answers[place] if place < len(sight.answers) else None
        if seen is None and line.leaves:
            return
        expected = _expected(scene, name, deliveries.get(name, []), stale=stale)
        if seen is None:
            # Cutting off a later answer takes along what a slow browser has not read of those before it.
            later = [(number, after) for after in range(place + 1, len(line.pairs)) if line.pipelined]
            cut = expected.cut or any(
                _expected(scene, after, deliveries[after], stale=stale).cut for after in later if after in deliveries
            )
            assert cut, f"{name}: no answer; the rest was {sight.rest[:200]!r}, the end {sight.end}"
            assert place == len(sight.answers)
            assert sight.end != "open"
            return
        assert (seen.status, seen.name, seen.body) in expected.whole, (
            f"{name}: {ask.method} got {seen.status} {seen.name} with {len(seen.body)} bytes"
        )
        if expected.keeps is False or (expected.keeps is None and place + 1 == len(sight.answers)):
            if expected.keeps is False:
                assert len(sight.answers) == place + 1, f"{name}: answers behind one that said close"
                assert not sight.rest, f"{name}: bytes behind one that said close: {sight.rest[:200]!r}"
            if expected.keeps is False or sight.end != "open":
                return
    assert not sight.rest, f"surplus bytes: {sight.rest[:200]!r}"
