"""What is sealed opens for its owner under a key of the ring, and in no other way."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.errors import SealBroken
from gateway.stores.sealing import KeyRing

OLD, NEW = b"o" * 32, b"n" * 32


@given(st.binary(max_size=2000), st.binary(max_size=64))
def test_opens_for_its_owner(data: bytes, owner: bytes) -> None:
    ring = KeyRing([NEW])
    assert ring.open(ring.seal(data, owner), owner) == data


def test_swapped_rows_do_not_open() -> None:
    ring = KeyRing([NEW])
    rows = {owner: ring.seal(b"secret of " + owner, owner) for owner in (b"B00000101", b"B00000102")}
    for thief, victim in (b"B00000101", b"B00000102"), (b"B00000102", b"B00000101"):
        with pytest.raises(SealBroken):
            ring.open(rows[victim], thief)


def test_no_byte_can_be_changed_cut_or_added() -> None:
    ring = KeyRing([NEW])
    sealed = ring.seal(b"data", b"owner")
    forged = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))]
    for value in [*forged, *(sealed[:end] for end in range(len(sealed))), sealed + b"\0"]:
        with pytest.raises(SealBroken):
            ring.open(value, b"owner")


def test_equal_data_is_sealed_differently_each_time() -> None:
    ring = KeyRing([NEW])
    assert ring.seal(b"data", b"owner") != ring.seal(b"data", b"owner")


def test_after_a_rotation_old_values_open_and_new_ones_need_the_new_key() -> None:
    old, rotated, new = KeyRing([OLD]), KeyRing([NEW, OLD]), KeyRing([NEW])
    assert rotated.open(old.seal(b"data", b"owner"), b"owner") == b"data"
    assert new.open(rotated.seal(b"data", b"owner"), b"owner") == b"data"
    with pytest.raises(SealBroken):
        new.open(old.seal(b"data", b"owner"), b"owner")


def test_a_rotated_ring_holds_the_fingerprint_of_before() -> None:
    noted = KeyRing([OLD]).fingerprint()
    assert KeyRing([NEW, OLD]).holds(noted)
    assert not KeyRing([NEW]).holds(noted)
    assert KeyRing([NEW, OLD]).fingerprint() == KeyRing([NEW]).fingerprint()


def test_a_generated_file_is_its_owners_alone_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    ring = KeyRing.generate_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KeyRing.from_file(path).open(ring.seal(b"data", b"owner"), b"owner") == b"data"
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        KeyRing.generate_file(path)
    assert path.read_bytes() == before


def test_the_first_key_of_a_file_seals(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    lines = [base64.urlsafe_b64encode(key).decode() for key in (NEW, OLD)]
    path.write_text(f"# new\n{lines[0]}\n\n{lines[1]} # old\n")
    assert KeyRing.from_file(path).fingerprint() == KeyRing([NEW]).fingerprint()


@pytest.mark.parametrize("content", ["", "# none\n", "c2hvcnQ=\n", "not base64 at all\n", "鍵\n"])
def test_a_bad_key_file_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content)
    with pytest.raises(ValueError) as refused:
        KeyRing.from_file(path)
    assert str(path) in str(refused.value)
    assert content.strip("# \n") == "none" or not content.strip() or content.strip() not in str(refused.value)


def test_rings_without_keys_with_short_keys_or_twice_the_same_are_refused() -> None:
    for keys in ([], [b"short"], [NEW, NEW]):
        with pytest.raises(ValueError):
            KeyRing(keys)


def test_a_ring_shows_no_key() -> None:
    shown = repr(KeyRing([NEW]))
    assert "nnn" not in shown
    assert base64.b64encode(NEW).decode() not in shown
