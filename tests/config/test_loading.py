"""A right file becomes core's types, with the defaults that the manual names."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.config.loading import load
from gateway.config.settings import Configuration
from gateway.core.errors import ConfigRefused
from gateway.core.routes import Access, Place, ValueSource
from gateway.core.subject import Feature
from tests.config.sample import GOOD

ROOT = Path(__file__).parents[2]


def loaded(folder: Path, text: str) -> Configuration:
    (folder / "f.yaml").write_text(text, "utf-8")
    return load(folder / "f.yaml")


def with_routes(*lines: str) -> str:
    added = "".join(f"  - {line}\n" for line in lines)
    return GOOD.replace("routes:\n", f"routes:\n{added}", 1)


def test_the_shipped_file_is_right() -> None:
    codes = {warning.split(": ")[0].rpartition(" ")[2] for warning in load(ROOT / "routes.yaml").warnings}
    assert codes <= {"public_url", "keys.file", "directory.sql.url"}


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused, match=r"nowhere\.yaml:1:1 can't be read: No such file or directory"):
        load(tmp_path / "nowhere.yaml")


def test_dates_are_midnight_in_the_operators_zone(tmp_path: Path) -> None:
    rollout = loaded(tmp_path, GOOD).policy.rollout
    tokyo = ZoneInfo("Asia/Tokyo")
    assert rollout.announced_from == datetime(2027, 1, 1, tzinfo=tokyo).timestamp()
    assert rollout.mandatory_from == datetime(2027, 4, 1, 9, tzinfo=tokyo).timestamp()
    assert rollout.optional_from is None


def test_a_time_that_clocks_jump_over_is_refused(tmp_path: Path) -> None:
    text = GOOD.replace("Asia/Tokyo", "Europe/Berlin").replace("2027-04-01T09:00", "2027-03-28T02:30")
    with pytest.raises(ConfigRefused, match="does not exist in Europe/Berlin"):
        loaded(tmp_path, text)


def test_what_opens_opens_for_get_and_what_closes_closes_for_every_method(tmp_path: Path) -> None:
    text = with_routes("{path: /a, access: public}", "{path: /b, access: full}", "{path: /c, access: deny}",
                       "{path: /d, access: restricted, methods: POST}")  # fmt: skip
    methods = {route.path: route.methods for route in loaded(tmp_path, text).routes}
    assert methods["/a"] == {b"GET", b"HEAD"}
    assert methods["/b"] == methods["/c"] == frozenset()
    assert methods["/d"] == {b"POST"}


def test_conditions_have_the_format_of_their_calendar(tmp_path: Path) -> None:
    text = with_routes(
        'path: /a/{who}\n    access: restricted\n    where: {query.m: this-month, path.who: {one_of: ["x", "y"]}, '
        'form.d: {equals: today, format: "%Y/%m/%d", optional: true}}'
    )
    month, who, day = loaded(tmp_path, text).routes[0].where
    assert (month.place, month.source, month.date_format, month.optional) == (
        Place.QUERY,
        ValueSource.THIS_MONTH,
        "%Y%m",
        False,
    )
    assert (who.place, who.source, who.literals) == (Place.PATH, ValueSource.LITERAL, ("x", "y"))
    assert (day.place, day.source, day.date_format, day.optional) == (Place.FORM, ValueSource.TODAY, "%Y/%m/%d", True)


def test_a_japanese_path_stands_in_the_table_as_browsers_send_it(tmp_path: Path) -> None:
    assert loaded(tmp_path, with_routes("{path: /勤怠/**, access: public}")).routes[0].path == "/%E5%8B%A4%E6%80%A0/**"


def test_routes_with_one_path_and_different_conditions_have_different_names(tmp_path: Path) -> None:
    text = with_routes("{path: /s, access: restricted, where: {query.m: this-month}}", "{path: /s, access: restricted}")
    assert [route.name for route in loaded(tmp_path, text).routes[:2]] == ["GET /s", "GET /s #2"]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("/a/**", "/a/b"), ("/a/*", "/a/{x}"), ("/{x}/b", "/a/b"), ("/**", "/**"), ("/a/**", "/a/*/**"), ("/a", "/a")],
)
def test_a_route_in_the_shade_of_an_earlier_one_is_refused(earlier: str, later: str, tmp_path: Path) -> None:
    text = with_routes(f"{{path: '{earlier}', access: full}}", f"{{path: '{later}', access: public}}")
    with pytest.raises(ConfigRefused, match="never reached"):
        loaded(tmp_path, text)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("/a/b", "/a/**"), ("/a/*", "/a/"), ("/a/*", "/a/**"), ("/b/**", "/a/b"), ("/a/{x}", "/a/b/c"), ("/a/**/", "/b")],
)
def test_a_route_that_still_wins_something_is_kept(earlier: str, later: str, tmp_path: Path) -> None:
    if earlier.endswith("**/"):
        earlier = "/a/x/"
    text = with_routes(f"{{path: '{earlier}', access: full}}", f"{{path: '{later}', access: public}}")
    assert loaded(tmp_path, text).routes[1].access is Access.PUBLIC


def test_relative_paths_belong_to_the_folder_of_the_file(tmp_path: Path) -> None:
    configuration = loaded(tmp_path, GOOD)
    assert configuration.keys_file == tmp_path / "var" / "keys"
    assert configuration.stores.registry == f"sqlite:///{tmp_path}/var/registry.db"


def test_tenants_come_with_their_exemptions(tmp_path: Path) -> None:
    tenants = loaded(tmp_path, GOOD).tenants
    (key, entry), = tenants.establishments  # fmt: skip
    assert key == ("0001", "000001")
    assert entry.settings.uses_second_factor
    assert entry.settings.exempt == {Feature.PAYSLIP_OWN}
    assert not tenants.office_default.uses_second_factor


def test_an_app_without_sign_in_uses_the_page_of_the_only_one_that_has_it(tmp_path: Path) -> None:
    assert [app.sign_in_page for app in loaded(tmp_path, GOOD).apps] == ["/login", "/login"]


def test_a_sign_in_page_may_have_a_query(tmp_path: Path) -> None:
    """MediaWiki, Roundcube and many others have one address for everything."""
    made = loaded(tmp_path, GOOD.replace("sign_out:", "sign_in_page: /login?do=a%20b\n    sign_out:", 1))
    assert [app.sign_in_page for app in made.apps] == ["/login?do=a%20b"] * 2


def test_routes_and_doors_of_an_app_that_ignores_case_do_so_too(tmp_path: Path) -> None:
    made = loaded(tmp_path, GOOD.replace("paths: [/]", "paths: [/]\n    ignores_case: true", 1))
    portal, payslip = made.apps
    assert portal.sign_in[0].ignores_case
    assert portal.sign_out[0].ignores_case
    assert {route.path: route.ignores_case for route in made.routes} == {
        "/login": True,
        "/top": True,
        "/meisai/view": False,
    }
    assert not payslip.ignores_case


def test_bad_lines_of_a_csv_file_are_named_by_its_own_lines(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes(
        "login_id,kind,office\nA1,office,0001\nA2,boss,0001\na1,office,0001\n".encode("cp932")
    )
    with pytest.raises(ConfigRefused) as refused:
        loaded(tmp_path, GOOD.replace("  patterns:", "  people_csv: people.csv\n  patterns:"))
    assert [line.partition("people.csv")[2] for line in str(refused.value).splitlines()] == [
        ":3:1 kind: got 'boss'. Write office or establishment.",
        ":4:1 login_id: A1 is also on line 2. Keep one: width and case make no difference.",
    ]


def test_urls_with_passwords_are_not_shown_by_repr(tmp_path: Path) -> None:
    url = "postgresql" + "://someone:hidden@db/name"
    assert "hidden" not in repr(loaded(tmp_path, GOOD + f"stores: {{registry: {url!r}}}\n"))


def test_operators_are_folded_as_login_ids_are_and_audit_events_are_kept_for_ever_unless_said_otherwise(
    tmp_path: Path,
) -> None:
    plain = loaded(tmp_path, GOOD)
    assert (plain.operators, plain.audit_keep_seconds) == (frozenset(), None)
    said = loaded(tmp_path, GOOD + 'operators: [" a99990001", "Ｂ1"]\naudit: {keep: 400d}\n')
    assert said.operators == {"A99990001", "B1"}
    assert said.audit_keep_seconds == 400 * 86400
    assert loaded(tmp_path, GOOD + "audit: {keep: null}\n").audit_keep_seconds is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("audit: {keep: 23h}", "it must lie between 1d and 36500d"),
        ("audit: {keep: 400}", "Write a number with a unit"),
        ("audit: {kept: 400d}", "Did you mean 'keep'"),
        ('operators: ["  "]', "a login ID has 1 to 128 characters"),
        ('operators: "A1"', "Write a list"),
    ],
)
def test_audit_and_operators_refuse_what_they_cannot_mean(line: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused, match=re.escape(says)):
        loaded(tmp_path, f"{GOOD}{line}\n")
