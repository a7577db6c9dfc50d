"""What a process tells those who run it."""

from __future__ import annotations

import json
import logging
import socket
from pathlib import Path

import pytest

from gateway import logs
from gateway.core.errors import StoreUnavailable


@pytest.mark.parametrize("kind", ["a path", "an abstract name"])
def test_systemd_is_told_when_the_gateway_answers(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = str(tmp_path / "notify") if kind == "a path" else f"@sekisho-test-{tmp_path}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as system:
        system.bind(name.replace("@", "\0") if name[0] == "@" else name)
        system.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        logs.say_ready("http://127.0.0.1:8080")
        assert system.recv(100) == b"READY=1"
    logs.notify("STOPPING=1")  # nobody listens any more: no fault of ours
    assert capsys.readouterr().out == "ready http://127.0.0.1:8080/\n"


def test_log_lines_name_their_process_where_there_are_several() -> None:
    record = logging.LogRecord("sekisho", logging.INFO, "", 0, "two\nlines of %s", ("text",), None)
    line = logs._Json("worker 2").format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert (told["process"], told["message"]) == ("worker 2", "two\nlines of text")
    assert "process" not in json.loads(logs._Json("").format(record))
    assert logs._Plain("worker 2").format(record) == "INFO worker 2: two\nlines of text"


def test_a_flood_of_one_kind_of_line_is_cut_and_counted() -> None:
    sparing = logs.Sparing(most=3)

    def line(at: float, words: str = "app %s failed", who: str = "a") -> str | None:
        record = logging.LogRecord("sekisho", logging.WARNING, "", 0, words, (who,), None)
        record.created = at
        return record.getMessage() if sparing.filter(record) else None

    assert [line(10.0 + number / 100, who=str(number)) for number in range(5)] == [
        "app 0 failed", "app 1 failed", "app 2 failed", None, None,
    ]  # fmt: skip
    assert line(10.5, "%s is another kind") == "a is another kind"
    assert line(11.0) == "app a failed (2 more like this were left out)"
    assert line(11.1) == "app a failed"


def test_the_log_of_a_process_is_a_sparing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, list[logging.Handler]] = {}
    monkeypatch.setattr(logging, "basicConfig", lambda **options: given.update(options))
    logs.set_up_log()
    assert [type(one) for one in given["handlers"][0].filters] == [logs.Sparing]


def test_a_store_that_does_not_answer_is_no_flood_of_lines() -> None:
    sparing = logs.Sparing(most_of_a_store=2)

    def line(at: float, store: str, words: str = "%s, reference %s") -> str | None:
        args = (StoreUnavailable(store, f"silent at {at:g}"), "R")
        record = logging.LogRecord("sekisho", logging.ERROR, "", 0, words, args, None)
        record.created = at
        return record.getMessage() if sparing.filter(record) else None

    told = [line(600.0 + second, "registry") for second in range(60)]
    assert [one for one in told if one] == [
        "registry did not answer: silent at 600, reference R", "registry did not answer: silent at 601, reference R",
    ]  # fmt: skip
    assert line(610.0, "sessions"), "another store's lines are another kind"
    assert line(610.0, "registry", "a list waits: %s (%s)"), "and so is what somebody else says of it"
    assert line(660.0, "registry") == (
        "registry did not answer: silent at 660, reference R (58 more like this were left out)"
    )
