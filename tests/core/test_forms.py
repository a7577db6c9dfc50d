"""What a browser would send of a form, read off its page; and the request of a trial sign-in made of it."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest

from gateway.core.forms import Form, FormField, multipart, read_forms, urlencoded
from gateway.core.signin import FieldPlace, SignInRule, SignOutRule
from gateway.core.trial import SignInPage, TrialRequest, sign_out_request, target_from, trial_request

PW = "<input type=password name=pw>"

# Contents of a form, and what is sent of it when `pw` is typed.
SENT: tuple[tuple[str, list[tuple[str, str]]], ...] = (
    ("<p><input name=a value=1></p><input name=b>", [("a", "1"), ("b", "")]),
    ("<input type=hidden name=t value='x&amp;y&quot;'>", [("t", 'x&y"')]),
    ("<input name=t value=/x?a=1&copy=2&amp;lt=3&copyright&#39;&#x41&#0;&#xd800;>", [
        ("t", "/x?a=1&copy=2&lt=3&copyright'A\ufffd\ufffd"),
    ]),
    ("<input name=a disabled value=1><input value=nameless>", []),
    ("<input type=file name=f><input type=reset name=r><input type=button name=b><button type=button name=c>", []),
    ("<input type=checkbox name=c value=1><input type=checkbox name=d checked>", [("d", "on")]),
    ("<input type=radio name=r value=1><input type=radio name=r value=2 checked>", [("r", "2")]),
    ("<select name=s><option>one<option selected> two\n words </select>", [("s", "two words")]),
    ("<select name=s><option value=1 disabled>x<option value=2>y</select>", [("s", "2")]),
    ("<select name=s><option selected value=1><option selected value=2></select>", [("s", "2")]),
    ("<select name=s multiple><option selected value=1><option selected value=2></select>", [("s", "1"), ("s", "2")]),
    ("<select name=s multiple><option value=1></select><select name=e></select><select><option>n</select>", []),
    ("<select name=s disabled><option value=1></select><option value=2>", []),
    ("<select name=s><option>left open<input name=a value=1>", [("s", "left open"), ("a", "1")]),
    ("<select name=s><option>a<select name=u><option>b", [("s", "a"), ("u", "b")]),
    ("<input type=' ' name=odd><input type=EMAIL name=mail value=m>", [("odd", ""), ("mail", "m")]),
)  # fmt: skip


@pytest.mark.parametrize(("inside", "sent"), SENT)
def test_fields_are_sent_with_their_defaults(inside: str, sent: list[tuple[str, str]]) -> None:
    (form,) = read_forms(f"<form>{inside}</form>".encode(), "utf-8")
    assert list(form.filled({})) == sent


BUTTONS = (
    ("<button name=b value=1>", [("b", "1")]),
    ("<input type=submit name=other value=x>" + PW + "<input type=submit name=in value=y>", [("pw", "p"), ("in", "y")]),
    (PW + "<button name=in value=y><input type=submit name=more value=z>", [("pw", "p"), ("in", "y")]),
    ("<input type=submit name=only value=x>" + PW, [("only", "x"), ("pw", "p")]),
    (PW + "<input type=submit value=nameless>", [("pw", "p")]),
    (PW + "<input type=image name=go>", [("pw", "p"), ("go.x", "1"), ("go.y", "1")]),
    (PW + "<input type=image>", [("pw", "p"), ("x", "1"), ("y", "1")]),
)


@pytest.mark.parametrize(("inside", "sent"), BUTTONS)
def test_one_button_is_pressed_and_it_is_the_one_below_the_password(inside: str, sent: list[tuple[str, str]]) -> None:
    (form,) = read_forms(f"<form>{inside}</form>".encode(), "utf-8")
    assert list(form.filled({"pw": "p"}) if "pw" in inside else form.filled({})) == sent


def test_what_is_typed_into_a_field_that_only_a_script_makes_is_sent_too() -> None:
    (form,) = read_forms(b"<form><input name=u></form>", "utf-8")
    assert form.filled({"u": "me", "pw": "p"}) == (("u", "me"), ("pw", "p"))


def test_forms_are_told_apart_and_a_field_may_name_its_form() -> None:
    page = b"""<input name=nobodys form=nowhere><input name=late form=two><input name=outside>
    <form id=one action=' /search '><input name=q><form action=/ignored><input name=r></form>
    <!-- <form action=/comment> --><form id=two enctype=Multipart/Form-Data><input name=u>"""
    one, two = read_forms(page, "utf-8")
    assert (one.action, one.multipart, [each.name for each in one.fields]) == ("/search", False, ["q", "r"])
    assert (two.action, two.multipart, [each.name for each in two.fields]) == ("", True, ["u", "late"])


def test_names_and_values_are_read_in_the_pages_own_charset() -> None:
    page = "<form><input name=暗証 type=password><input type=submit name=btn value=ログイン①></form>".encode("cp932")
    (form,) = read_forms(page, "Shift_JIS")
    assert form.password_field() == "暗証"
    assert form.filled({"暗証": "ソ表"}) == (("暗証", "ソ表"), ("btn", "ログイン①"))
    sent = urlencoded(form.filled({"暗証": "ソ表"}), "shift_jis")
    assert sent == b"%88%C3%8F%D8=%83%5C%95%5C&btn=%83%8D%83O%83C%83%93%87%40"


def test_encodings_are_those_of_browsers() -> None:
    assert urlencoded((("a b", "*-._~é+&="),), "utf-8") == b"a+b=*-._~%C3%A9%2B%26%3D"
    assert urlencoded((("u", "😀"),), "shift_jis") == b"u=%26%23128512%3B"
    body = multipart((('a"\r\n', "1"), ("b", "é")), "utf-8", b"B")
    assert body == (
        b'--B\r\nContent-Disposition: form-data; name="a%22%0D%0A"\r\n\r\n1\r\n'
        b'--B\r\nContent-Disposition: form-data; name="b"\r\n\r\n\xc3\xa9\r\n--B--\r\n'
    )


def rule(**more: object) -> SignInRule:
    usual = {"name": "pc", "app": "a", "path": "/login", "methods": frozenset({b"POST"}), "place": FieldPlace.FORM}
    return SignInRule(**{**usual, "field": "user", "success": (), **more})  # type: ignore[arg-type]


def tried(page: str, of: SignInRule, path: str = "/login") -> TrialRequest | None:
    return trial_request(of, SignInPage(path, page.encode()), "B1", "s3cret", b"B")


LOGIN = f"<form action=/login method=post><input type=hidden name=csrf value=t1><input name=user>{PW}</form>"


def test_the_apps_own_form_is_sent_with_its_token() -> None:
    sent = tried(LOGIN, rule())
    assert sent == TrialRequest(b"POST", b"/login", b"application/x-www-form-urlencoded", b"csrf=t1&user=B1&pw=s3cret")
    assert "s3cret" not in repr(sent)
    assert "t1" not in repr(FormField("csrf", "t1", "hidden"))


def test_of_several_forms_with_the_login_field_the_one_to_the_rules_address_is_sent() -> None:
    forgotten = "<form action=/forgotten><input name=user><input type=hidden name=f value=1></form>"
    sent = tried(forgotten + LOGIN, rule())
    assert sent is not None
    assert sent.body.startswith(b"csrf=t1")
    other = tried(forgotten + f"<form action=/elsewhere><input name=user>{PW}</form>", rule(password="pw"))
    assert other is not None
    assert (other.target, other.body) == (b"/login", b"user=B1&f=1&pw=s3cret")


@pytest.mark.parametrize(
    ("action", "target"),
    [
        ("", b"/sp/login"),
        ("login?next=%2Ftop", b"/sp/login?next=%2Ftop"),
        ("https://www.example.jp/sp/login", b"/sp/login"),
        ("/sp/login;jsessionid=A1?x=1#f", b"/sp/login;jsessionid=A1?x=1"),
        ("/other", b"/sp/login"),
        ("/sp/ロ", b"/sp/login"),
        ("http://[", b"/sp/login"),
    ],
)
def test_it_goes_to_the_forms_address_where_that_is_the_rules_own(action: str, target: bytes) -> None:
    sent = tried(f"<form action='{action}'><input name=user>{PW}</form>", rule(path="/sp/login"), "/sp/login")
    assert sent is not None
    assert sent.target == target


def test_an_address_with_a_pattern_is_filled_by_the_form_alone() -> None:
    wide = rule(path="/{tenant}/login")
    sent = tried(f"<form action=/t1/login><input name=user>{PW}</form>", wide)
    assert sent is not None
    assert sent.target == b"/t1/login"
    assert tried(f"<form action=/x><input name=user>{PW}</form>", wide) is None


def test_without_a_password_field_or_its_name_nothing_is_sent() -> None:
    assert tried("<p>no form", rule()) is None
    assert tried("<form><input name=user><input type=password></form>", rule()) is None
    assert tried(f"<form><input type=submit name=user>{PW}</form>", rule()) is None
    named = tried("<p>made by a script", rule(password="pw"))
    assert named is not None
    assert named.body == b"user=B1&pw=s3cret"


def test_a_form_may_be_multipart() -> None:
    sent = tried(f"<form enctype=multipart/form-data><input name=user>{PW}</form>", rule())
    assert sent is not None
    assert sent.content_type == b"multipart/form-data; boundary=B"
    assert b"s3cret\r\n--B--" in sent.body


def test_json_and_query_carry_what_the_rule_names() -> None:
    as_json = rule(place=FieldPlace.JSON, field="user.id", password="user.secret")
    sent = tried(LOGIN, as_json)
    assert sent is not None
    assert (sent.content_type, json.loads(sent.body)) == (
        b"application/json",
        {"user": {"id": "B1", "secret": "s3cret"}},
    )
    assert tried(LOGIN, rule(place=FieldPlace.JSON, field="user")) is None
    as_query = tried(LOGIN, rule(place=FieldPlace.QUERY, methods=frozenset({b"GET"})))
    assert as_query is not None
    assert (as_query.method, as_query.body) == (b"GET", b"")
    assert parse_qsl(as_query.target.partition(b"?")[2]) == [(b"csrf", b"t1"), (b"user", b"B1"), (b"pw", b"s3cret")]
    assert "s3cret" not in repr(as_query)


def test_a_form_that_signs_out_is_sent_as_it_stands() -> None:
    page = SignInPage("/top", b"<form action=/x></form><form action=/logout><input type=hidden name=t value=9></form>")
    out = SignOutRule("a", "/logout", frozenset({b"POST"}))
    assert sign_out_request(out, page, "utf-8") == TrialRequest(
        b"POST", b"/logout", b"application/x-www-form-urlencoded", b"t=9"
    )
    assert sign_out_request(SignOutRule("a", "/bye", frozenset()), page, "utf-8") is None


def test_an_address_leads_to_a_target_or_nowhere() -> None:
    assert target_from("/a/b", "c?d=1") == b"/a/c?d=1"
    assert target_from("/a/b", "http://other.example/x y") is None
    assert target_from("/a/b", "mailto:x@example.jp") is None


def test_a_form_without_fields_is_empty() -> None:
    assert read_forms(b"<form>", "utf-8") == (Form("", multipart=False, fields=()),)
