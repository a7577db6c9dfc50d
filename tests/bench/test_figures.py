"""What is made of the figures: ratios, tables, JSON, charts, documents. And what spoils a run."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET  # noqa: TID251 - a chart must be well-formed

import pytest

from bench import accounts, crowd, refresh, report
from bench.load import LARGE_PAGE, PUNCHING, SMALL_PAGE, counted, requests
from bench.machine import Machine, is_optimised, warning
from bench.measure import Latencies, Sample, Table
from bench.pace import Latency, Pace
from bench.picture import Figure, bars, curve
from bench.processes import Spoiled

MACHINE = Machine("EPYC", 2, "6.18", "3.11.7", optimised=False, load=0.2, versions={"nginx": "1.22.1"})
GOOD = {
    "requests": 1000,
    "microseconds": 500_000,
    "bytes": 1_300_000,
    "errors": 0,
    "refused": 0,
    "p50": 900,
    "p99": 4000,
}


def table() -> Table:
    found = Table()
    for kind, nginx, ours, go in ((SMALL_PAGE, 20.0, 30.0, 90.0), (LARGE_PAGE, 40.0, 50.0, 100.0)):
        for slower in (1.0, 2.0, 1.0):  # the second round found the machine busy
            found.add(kind.name, "nginx", Sample(nginx * slower, 30_000 / slower))
            found.add(kind.name, "sekisho", Sample(ours * slower, 20_000 / slower))
            found.add(kind.name, "go", Sample(go * slower, 9_000 / slower))
    found.add(PUNCHING.name, "sekisho", Sample(33.0, 19_000))
    return found


def _pace(p50: float, p99: float, late: float) -> Pace:
    return Pace({200: Latency(10, p50, p99, p99, p50, p99)}, late)


def latencies() -> Latencies:
    return Latencies(
        9000.0,
        {
            "nginx": [_pace(0.0002, 0.001, 0.0001), _pace(0.0002, 0.003, 0.0002)],
            "sekisho": [_pace(0.0003, 0.0015, 0.0001), _pace(0.0003, 0.0035, 0.0001)],
        },
        (0.0, 0.0),
    )


def whole() -> report.Report:
    return report.report(MACHINE, table(), latencies(), 3, 1.0)


def test_a_ratio_compares_within_a_round() -> None:
    found = table()
    found.add(SMALL_PAGE.name, "nginx", Sample(20.0, 1.0))
    assert found.ratio(SMALL_PAGE.name, "sekisho", "nginx") == 1.5
    assert found.microseconds(SMALL_PAGE.name, "sekisho") == 30.0
    assert found.ratio(SMALL_PAGE.name, "sekisho", "haproxy") is None


def test_the_keys_that_others_read_are_there(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    report.write({"soak": {"flat": True}}, file)
    report.write(whole(), file)
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["ratios"]["nginx"] == {"cpu_per_request_1k": 1.5, "cpu_per_request_32k": 1.25}
    assert found["ratios"]["go"]["cpu_per_request_1k"] == 0.333
    assert found["microseconds"]["sekisho"]["cpu_per_restricted_request_1k"] == 33.0
    assert found["latency"]["p99_over_nginx_ms"] == 0.5
    assert found["machine"]["quiet"] is True
    assert found["soak"] == {"flat": True}, "what another measurement wrote stays"


def test_without_a_run_there_is_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(Spoiled, match="make bench"):
        report.read(tmp_path / "bench.json")


def test_the_table_has_a_column_for_each_proxy_that_was_there() -> None:
    lines = report.markdown(whole()).splitlines()
    assert lines[0] == "| processor time each | nginx | Go | Sekisho | Sekisho / nginx | Sekisho / Go |"
    assert lines[2] == "| page of 1 KiB | 20.0 µs | 90.0 µs | 30.0 µs | 1.50 × | 0.33 × |"
    assert lines[-1] == "| p99 at 9,000 a second | 2.00 ms |  | 2.50 ms | +0.50 ms |  |"
    assert {line.count("|") for line in lines} == {7}
    assert "---" not in report.plain("\n".join(lines))


def test_a_busy_machine_is_said_loudly() -> None:
    assert warning(MACHINE) == ""
    busy = Machine("EPYC", 2, "6.18", "3.11.7", optimised=True, load=3.5, versions={})
    assert warning(busy).startswith("WARNING: the load average was 3.5")
    assert not busy.quiet


def test_a_python_is_optimised_when_it_was_configured_so_or_is_debians() -> None:
    assert is_optimised("'--enable-shared' '--enable-optimizations' '--with-lto'")
    assert not is_optimised("'--prefix=/usr' '--enable-shared'")
    assert is_optimised("'--enable-shared'", "/usr")
    assert not is_optimised("'--enable-shared'", "/usr/local")


@pytest.mark.parametrize(
    "fault",
    [{"errors": 1}, {"refused": 2}, {"requests": 0}, {"bytes": 1_024_000}],
    ids=["connections", "statuses", "silence", "bodies too small"],
)
def test_a_wrong_answer_spoils_a_run(fault: dict[str, int]) -> None:
    assert counted("nginx", SMALL_PAGE, GOOD).rate == 2000.0
    with pytest.raises(Spoiled, match="nginx"):
        counted("nginx", SMALL_PAGE, {**GOOD, **fault})


def test_everybody_asks_for_every_address_as_a_browser_does() -> None:
    heads = requests(8080, SMALL_PAGE, ["a=1", "b=2"])
    assert len(heads) == len(set(heads)) == 50
    assert heads[1].startswith(b"GET /jinji/1000/view?tab=2&from=menu HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n")
    assert heads[1].endswith(b"\r\nCookie: b=2\r\n\r\n")


def test_charts_are_well_formed_and_say_what_they_show() -> None:
    groups = [("1 KiB", [Figure("nginx", 26.4), Figure("Sekisho", 38.6, ours=True)]), ("32 KiB", [Figure("a<b", 0.2)])]
    drawn = ET.fromstring(bars("Time & more", "µs", groups))
    texts = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Time & more", "26", "39", "nginx", "1 KiB"} <= set(texts)
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}rect"))) == 2
    drawn = ET.fromstring(curve("Morning", "a second", [1, 5, 3], ["8:30", "8:31", "8:32"], [9, 9, 9]))
    assert drawn.get("aria-label") == "Morning"


def test_of_the_rounds_those_count_in_which_the_machine_was_there() -> None:
    calm = [_pace(0.001, 0.002 + number / 1e6, 0.0) for number in range(40)]
    ours = [_pace(0.001, 0.0025 + number / 1e6, 0.0) for number in range(40)]
    calm[3], ours[3] = _pace(0.1, 0.9, 0.0), _pace(0.1, 0.2, 0.0)
    stolen = tuple(0.0 if number % 4 == 0 else 0.05 for number in range(40))
    found = Latencies(9000.0, {"nginx": calm, "sekisho": ours}, stolen)
    assert found.counted == list(range(0, 40, 4))
    assert found.over("sekisho", "nginx") == pytest.approx(0.0005)
    assert found.disturbed == 0.0
    assert accounts.stolen_seconds() >= 0.0


def test_a_crowd_is_told_by_what_it_got() -> None:
    pace = Pace({200: Latency(800, 0.01, 0.2, 0.3, 0.008, 0.1), 503: Latency(400, 0.001, 0.02, 0.03, 0.001, 0.02)}, 0.0)
    one = crowd.summary(pace, 4.0)
    assert (one["served_per_second"], one["turned_away_per_second"], one["served_p99_ms"]) == (200, 100, 100.0)
    none = crowd.summary(Pace({200: Latency(4, 0.1, 0.1, 0.1, 0.1, 0.1)}, 0.0), 4.0)
    found = {"crowd": {"capacity": 150, "browsers": 9, "times": {"2": one, "0.5": none}}}
    line = "  2 times that: 200 served in 8 ms (p99 100 ms), 100 turned away in 1 ms (p99 20 ms)"
    assert crowd.lines(found["crowd"])[1] == line
    assert "| 2 times | 200 | 8 ms, 100 ms | 100 | 1 ms, 20 ms |" in refresh.refreshed(
        "<!-- bench:crowd -->\n<!-- /bench:crowd -->\n", found
    )


def test_documents_get_new_figures_and_keep_their_words() -> None:
    text = "before\n<!-- bench:table -->\nold | figures\n<!-- /bench:table -->\nbetween\n"
    text += "<!-- bench:profile -->\nold\n<!-- /bench:profile -->\nafter\n"
    once = refresh.refreshed(text, whole())
    assert once.startswith("before\n<!-- bench:table -->\n| processor time each |")
    assert "old" not in once
    assert "(not measured yet" in once, "a block without figures says so"
    assert once.endswith("<!-- /bench:profile -->\nafter\n")
    assert refresh.refreshed(once, whole()) == once


@pytest.mark.parametrize("document", refresh.DOCUMENTS, ids=lambda path: path.name)
def test_every_block_of_the_documents_is_known(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    names = [match[2] for match in refresh._BLOCK.finditer(text)]
    assert names
    assert set(names) <= set(refresh.BLOCKS)
    assert text.count("<!-- bench:") == text.count("<!-- /bench:") == len(names)
