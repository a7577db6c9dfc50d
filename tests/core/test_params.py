"""A parameter has a value only where every app would read the same one."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.multipart import multipart_boundary, split_multipart
from gateway.core.params import Missing, Parameters, parse_form, parse_query

URLENCODED = b"application/x-www-form-urlencoded"


def read(parameters: Parameters | None, name: str = "id") -> str | Missing:
    """The parameter; a whole that is refused is doubt."""
    return Missing.DOUBT if parameters is None else parameters.only(name)


DOUBTFUL = (
    b"id=1&id=2 id=2&id=1 id=1&Id=2 id=1;id=2 id=1&%69d=2 id=1&+id=2 id=1&%20id=2 id=1&id%20=2 id=1&id%00=2"
    b" id=1&%00id=2 id=1&id.=2 id=1&id%2e=2 id=1%00 id=+1 id=%u0031 id =1&id=2 ?id=1 id=1?id=2 id=1#&id=2 id=1&amp;id=2"
    b" id%3d2&id=1"
    b" id=1&id=2% id=1&%u0069d=2 id=1%zz&id=2 id=1&id[]=2 id=1&id[a]=2 id[]=1 ID=1 x=1%26id=2&id=1 x=1%3bID=2&id=1"
    b" id=%ff \xefid=1&id=1 id=1&%E2%80%8Bid=2 id=1&%EF%BD%89d=2 id=1&i%CC%87d=2 id=1&_charset_=ibm037 id=1&%07=2"
    b" id=1&id%0a=2"
).split(b" ")


@pytest.mark.parametrize("query", DOUBTFUL)
def test_what_two_apps_read_differently_is_doubt(query: bytes) -> None:
    assert read(parse_query(query)) is Missing.DOUBT
    assert read(parse_form([URLENCODED], [], query)) is Missing.DOUBT


@pytest.mark.parametrize(
    ("query", "value"),
    [
        (b"id=1", "1"),
        (b"a=b&id=1&", "1"),
        (b"&&id=2", "2"),
        (b"id=%2531", "%31"),
        (b"id=1%20", "1 "),
        (b"id=1%26id=2", "1&id=2"),
        (b"id=1e0", "1e0"),
        (b"id=%ef%bc%92", "\uff12"),
        (b"id=%E5%8B%A4&x=a+b", "\u52e4"),
        (b"id=", ""),
        (b"id=1&text=a%0d%0ab%26c", "1"),
    ],
)
def test_a_value_is_decoded_once_and_never_interpreted(query: bytes, value: str) -> None:
    assert value == "1&id=2" or read(parse_query(query)) == value


def test_a_value_that_hides_its_own_name_is_doubt() -> None:
    assert read(parse_query(b"id=1%26id=2")) is Missing.DOUBT


@pytest.mark.parametrize("query", [b"user_id=1&user.id=2", b"user_id=1&user%20id=2", b"user_id=1&user+id=2"])
def test_php_spellings_of_a_name_are_the_same_name(query: bytes) -> None:
    assert read(parse_query(query), "user_id") is Missing.DOUBT
    assert read(parse_query(query + b"&user[id=2"), "user_id") is Missing.DOUBT
    assert read(parse_query(query), "user.id") is Missing.DOUBT


@pytest.mark.parametrize("name", ["user[mail]", "data[User][mail]", "login:mail", "LoginForm[mail]"])
def test_a_field_of_a_structure_stands_beside_its_siblings(name: str) -> None:
    """Rails, CakePHP and Yii name a form's fields so, JSF with a colon and with a field for the form itself."""
    sibling = name.replace("mail", "password")
    query = f"{quote(name)}=1&{quote(sibling)}=2&x[user]=3&login=login".encode()
    assert read(parse_query(query), name) == "1"
    assert read(parse_query(query), sibling) == "2"
    assert read(parse_query(query), name.replace("mail", "other")) is Missing.ABSENT


@pytest.mark.parametrize(
    "beside",
    [
        *("user[mail]=2", "user[Mail]=2", "user=2", "user[]=2", "user.mail=2", "user_mail=2", "user[mail=2", "USER=2"),
        *(
            "user[mail][]=2",
            "user[mail][a]=2",
            "user[mail]x=2",
            "user%20[mail]=2",
            "user[mail]:string=2",
            "x=%26user=2",
        ),
    ],
)
def test_whatever_some_app_takes_for_the_same_part_of_a_structure_is_doubt(beside: str) -> None:
    assert read(parse_query(f"user[mail]=1&{beside}".encode()), "user[mail]") is Missing.DOUBT
    assert read(parse_query(f"{beside}&user[mail]=1".encode()), "user[mail]") is Missing.DOUBT


def test_a_name_with_a_type_behind_it_is_that_name_to_zope() -> None:
    assert read(parse_query(b"id:utf8:string=2")) is Missing.DOUBT
    assert read(parse_query(b"id=1&ID:int=2")) is Missing.DOUBT


def test_an_absent_name_and_a_name_without_equals_differ() -> None:
    assert read(parse_query(None)) is Missing.ABSENT
    assert read(parse_query(b"")) is Missing.ABSENT
    assert read(parse_query(b"ids=1")) is Missing.ABSENT
    assert read(parse_query(b"id")) is Missing.DOUBT
    assert parse_query(b"=1&id=2") is None
    assert parse_query(b"%ff%3d&id=2") is None


@pytest.mark.parametrize("charset", ["cp932", "euc_jp"])
@pytest.mark.parametrize(
    "name",
    [
        "社員コード",
        "表",  # the latter is UTF-8 as well, in EUC-JP
        "ソ",
        "製品",
        "ﾀｶ",
        "日付[1]",
        "テスト",
    ],
)
def test_names_in_the_charset_of_an_old_page_take_nothing_from_the_others(name: str, charset: str) -> None:
    query = quote(name.encode(charset)).encode() + b"=7&id=1"
    read_here = parse_query(query)
    assert read_here is not None
    assert (read_here.only("id"), read_here.only("ID")) == ("1", Missing.DOUBT)
    assert read_here.data(name, charset) == b"7"
    assert name == "表" or not read_here.legible
    form = parse_form([URLENCODED], [], query)
    assert form is not None
    assert form.data("id") == b"1"


@pytest.mark.parametrize(
    "name",
    [
        "ｉd".encode("cp932"),
        "ｉｄ".encode("euc_jp"),
        b"\xffid",
        b"i\xffd",
        b"\x83Xid",
        b"\xc1\xa9d",
        b"\xc1\x29d",
        b"\xe0\x81\xa9d",
        b"\xecd",
        b"i\x81d\x83",
        b"\x83\xc0\xa6id",
        b"\xff\\i\\d",
        b"\xff ID[",
    ],
)
def test_a_name_in_another_charset_that_some_app_reads_as_the_wanted_one_is_doubt(name: bytes) -> None:
    query = quote(name).encode() + b"=2"
    assert read(parse_query(query)) is Missing.DOUBT
    assert read(parse_query(b"id=1&" + query)) is Missing.DOUBT
    assert multipart(ONE + part(b'name="%b"' % name) + b"--B--") is Missing.DOUBT


def test_more_names_in_another_charset_than_a_page_has_are_refused() -> None:
    """Each costs its folding in every reading."""
    assert parse_query(b"&".join(b"%83%65" * 100 + b"%d=1" % number for number in range(450))) is None
    assert parse_query(b"&".join(b"%83%65" * 5 + b"%d=1" % number for number in range(300))) is not None


def test_more_fields_than_php_reads_are_refused() -> None:
    assert read(parse_query(b"&".join([b"a%d=1" % number for number in range(999)] + [b"id=1"]))) == "1"
    assert parse_query(b"&".join([b"a%d=1" % number for number in range(1000)] + [b"id=1"])) is None


def test_more_fields_than_php_reads_are_refused_where_they_are_hidden_too() -> None:
    """`x=1%26a%3D2…` is one field, or a thousand for an app that decodes first; a text with many signs is none."""
    assert read(parse_query(b"id=1&x=" + b"%26a%3D1" * 1000)) == "1"
    assert parse_query(b"id=1&x=" + b"%26a%3D1" * 1001) is None
    assert parse_query(b"id=1&x=" + b"%26a%3D1" * 600 + b"&y=" + b"%26a%3D1" * 600) is None
    assert read(parse_query(b"id=1&x=" + b"%26%3B" * 5000)) == "1"
    assert read(parse_query(b"id=1&x=" + b"%3D" * 5000)) == "1"


def test_names_longer_than_any_page_has_are_refused() -> None:
    assert read(parse_query(b"id=1&%s=1" % (b"a" * 1000))) == "1"
    assert parse_query(b"id=1&%s=1" % (b"a" * 1001)) is None
    assert parse_query(b"id=1&" + b"&".join([b"%03d" % number + b"a" * 900 for number in range(120)])) is None
    assert parse_query(b"id=1&x=%26" + b"a" * 100_000 + b"%3D1") is None


@pytest.mark.parametrize("content_type", [URLENCODED, URLENCODED + b"; charset=UTF-8", URLENCODED + b";charset=utf-8"])
def test_the_exact_type_is_read(content_type: bytes) -> None:
    assert read(parse_form([content_type], [], b"id=1")) == "1"


@pytest.mark.parametrize(
    "content_type",
    [
        URLENCODED + b",text/plain",
        URLENCODED + b" x",
        URLENCODED + b";;;=;charset",
        URLENCODED.upper(),
        b"\t" + URLENCODED,
        b"text/plain",
        b"",
        URLENCODED + b"; charset=ibm037",
        URLENCODED + b"; charset=utf-8; charset=ibm037",
        URLENCODED + b"; charset=shift_jis",
        b"application/json; charset=utf-16",
        b"multipart/form-data",
        b"multipart/form-data; boundary = B",
        b"Multipart/Form-Data; BOUNDARY=B",
        b"multipart/form-data; boundary=A; boundary=B",
        b"multipart/form-data; boundary=B, " + URLENCODED,
    ],
)
def test_any_other_type_is_refused(content_type: bytes) -> None:
    assert parse_form([content_type], [], b"id=2") is None


def test_two_types_no_type_and_an_encoding_are_refused() -> None:
    assert parse_form([], [], b"id=2") is None
    assert parse_form([URLENCODED, URLENCODED], [], b"id=2") is None
    assert parse_form([URLENCODED], [b"deflate"], b"id=2") is None


@pytest.mark.parametrize(
    "body", [b"id=1 \r\n", b"i\x00d=2", b'{"id":2}', b"a=\x81&id=2", b"\x89\x84~\xf2", b"+AGkAZA-=2\n"]
)
def test_a_body_that_is_no_form_is_refused(body: bytes) -> None:
    assert parse_form([URLENCODED], [], body) is None


def part(disposition: bytes, value: bytes = b"2", more: bytes = b"") -> bytes:
    """One part as a browser writes it, but for what the case changes."""
    return b"--B\r\nContent-Disposition: form-data; " + disposition + more + b"\r\n\r\n" + value + b"\r\n"


ONE = part(b'name="id"', b"1")
FILE = part(b'name="f"; filename="a.png"', b"\x89\xff\0", b"\r\nContent-Type: image/png")


def multipart(body: bytes, name: str = "id") -> str | Missing:
    return read(parse_form([b"multipart/form-data; boundary=B"], [], body), name)


def test_a_browsers_multipart_is_read() -> None:
    assert multipart(ONE + b"--B--\r\n") == "1"
    assert multipart(FILE + ONE + part(b'name="t"', b"a\r\nb") + b"--B--") == "1"
    assert multipart(FILE + ONE + b"--B--\r\n", "f") is Missing.DOUBT
    assert multipart(FILE + ONE + b"--B--\r\n", "g") is Missing.ABSENT
    assert multipart(FILE.replace(b"a.png", "表.csv".encode("cp932")) + ONE + b"--B--\r\n") == "1"
    assert multipart(part(b'name="%b"' % "表示".encode("cp932")) + ONE + b"--B--\r\n") == "1"


@pytest.mark.parametrize(
    "body",
    [
        ONE + part(b'name="id"') + b"--B--\r\n",
        part(b"name=id") + b"--B--\r\n",
        part(b"name*=UTF-8''id") + b"--B--\r\n",
        part(b'name="x"; name="id"') + b"--B--\r\n",
        part(b"name='id'") + b"--B--\r\n",
        (ONE + b"--B--\r\n").replace(b"\r\n", b"\n"),
        b"--A\r\n\r\n1\r\n" + ONE + b"--B--\r\n",
        part(b'name="id"; filename="a"') + b"--B--\r\n",
        part(b'name="id"', b"=32", b"\r\nContent-Transfer-Encoding: quoted-printable") + b"--B--\r\n",
        part(b'name="id"', b"\xf2", b"\r\nContent-Type: text/plain; charset=ibm037") + b"--B--\r\n",
        part(b'name="_charset_"', b"ibm037") + part(b'name="id"', b"\xf2") + b"--B--\r\n",
        part(b'name="_charset_"', b"utf-8") + ONE + b"--B--\r\n",
        ONE + b"--B--\r\nid=2",
        ONE,
        b"",
        part(b'name="x"', b"\n--B\r\n") + ONE + b"--B--\r\n",
        part(b'name="i\\d"') + b"--B--\r\n",
        part(b'name="%b"' % "\u0301\\id".encode()) + b"--B--\r\n",
        part(b'name="%b"' % "表".encode("cp932")) + ONE + b"--B--\r\n",
        FILE.replace(b"a.png", "表".encode("cp932")) + ONE + b"--B--\r\n",
        FILE.replace(b"a.png", b"a\\\\\\") + ONE + b"--B--\r\n",
        part(b'name="%69d"') + b"--B--\r\n",
        part(b'name=""') + b"--B--\r\n",
        part(b'name="id"', b"\0") + b"--B--\r\n",
    ],
)
def test_odd_multipart_is_doubt(body: bytes) -> None:
    assert multipart(body) is Missing.DOUBT


def test_a_multipart_body_has_a_limit_of_parts() -> None:
    assert split_multipart(b"B", ONE * 3 + b"--B--", 3) is not None
    assert split_multipart(b"B", ONE * 4 + b"--B--", 3) is None
    assert (
        multipart_boundary(b"multipart/form-data; boundary=----WebKitFormBoundaryAb1") == b"----WebKitFormBoundaryAb1"
    )


@given(st.binary(max_size=80))
def test_no_bytes_raise(data: bytes) -> None:
    for parameters in (parse_query(data), parse_form([URLENCODED], [], data), parse_form([data], [], data)):
        assert read(parameters) is not None
    assert multipart(part(b'name="' + data + b'"', data) + b"--B--") is not None


@given(st.text(alphabet="id.[] I&=;+%", max_size=6), st.text(max_size=5))
def test_a_second_field_never_changes_the_value_of_the_first(name: str, value: str) -> None:
    """Whatever stands beside it: the answer is the same, or doubt."""
    query = b"id=1&" + name.encode() + b"=" + value.encode("utf-8", "replace")
    assert read(parse_query(query)) in ("1", Missing.DOUBT)
