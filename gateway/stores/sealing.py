"""Sealing: AEAD under a key ring, each value bound to its owner.

    sealed = 0x01 | key id (4) | nonce (12) | ciphertext and tag
    subkey = HMAC-SHA256(key, owner)          owner is the associated data as well

A row copied to another owner does not open (R-008). The subkey per owner keeps the number of random nonces under one
AES-GCM key far from 2^32, whatever a busy site seals in a year.

The key file holds one key per line (32 bytes, URL-safe base64), `#` begins a comment. The first key seals, all open:
rotation is a new first line, then a restart; the old line stays: second factors that it sealed open with no other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.core.errors import SealBroken

_FORMAT = b"\x01"
_KEY_BYTES = 32
_ID_BYTES = 4
_NONCE_BYTES = 12
_HEAD_BYTES = len(_FORMAT) + _ID_BYTES + _NONCE_BYTES


class KeyRing:
    """Seals with the first key, opens with any. Keys never leave it: its repr shows fingerprints."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """`keys`: 32 bytes each, the sealing one first. Raises ValueError."""
        if not keys:
            raise ValueError("a key ring holds at least one key")
        if any(len(key) != _KEY_BYTES for key in keys):
            raise ValueError(f"a key has {_KEY_BYTES} bytes")
        self._keys = {_digest(b"id", key)[:_ID_BYTES]: key for key in reversed(keys)}
        if len(self._keys) != len(keys):
            raise ValueError("a key stands twice in the ring")
        self._sealing_id = _digest(b"id", keys[0])[:_ID_BYTES]

    def __repr__(self) -> str:
        return f"KeyRing({self.fingerprint()}, {len(self._keys)} key(s))"

    @classmethod
    def from_file(cls, path: Path) -> KeyRing:
        """Read a key file. Raises OSError, or ValueError naming the line (never its content)."""
        keys = []
        for number, line in enumerate(path.read_text("ascii", "replace").splitlines(), 1):
            text = line.partition("#")[0].strip()
            if text:
                keys.append(_decoded(text, path, number))
        if not keys:
            raise ValueError(f"{path} holds no key")
        return cls(keys)

    @classmethod
    def generate_file(cls, path: Path) -> KeyRing:
        """Create the key file with one new key, readable by its owner only. Raises FileExistsError: a key that is
        replaced takes every second factor with it."""
        key = secrets.token_bytes(_KEY_BYTES)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write("# Sekisho keys: the first seals, all open. Keep a copy apart from the database.\n")
            file.write(base64.urlsafe_b64encode(key).decode("ascii") + "\n")
            file.flush()
            os.fsync(file.fileno())
        return cls([key])

    def seal(self, data: bytes, owner: bytes) -> bytes:
        """Encrypt for `owner`; only the same owner opens it."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = AESGCM(_subkey(self._keys[self._sealing_id], owner))
        return _FORMAT + self._sealing_id + nonce + cipher.encrypt(nonce, data, owner)

    def open(self, sealed: bytes, owner: bytes) -> bytes:
        """Decrypt what was sealed for `owner`. Raises SealBroken."""
        if len(sealed) < _HEAD_BYTES or sealed[:1] != _FORMAT:
            raise SealBroken("not a sealed value")
        key = self._keys.get(sealed[1 : 1 + _ID_BYTES])
        if key is None:
            raise SealBroken("sealed by a key that is not in the ring")
        nonce = sealed[1 + _ID_BYTES : _HEAD_BYTES]
        try:
            return AESGCM(_subkey(key, owner)).decrypt(nonce, sealed[_HEAD_BYTES:], owner)
        except InvalidTag:
            raise SealBroken("forged, or sealed for another owner") from None

    def fingerprint(self) -> str:
        """Names the sealing key without telling it: 16 hexadecimal digits."""
        return _fingerprint(self._keys[self._sealing_id])

    def holds(self, fingerprint: str) -> bool:
        """Whether a key with this fingerprint is in the ring: start-up asks it of the one noted in the registry."""
        return any(_fingerprint(key) == fingerprint for key in self._keys.values())


def _decoded(text: str, path: Path, number: int) -> bytes:
    try:
        key = base64.b64decode(text, altchars=b"-_", validate=True)
    except ValueError:  # binascii.Error too
        key = b""
    if len(key) != _KEY_BYTES:
        raise ValueError(f"{path}, line {number}: not a key ({_KEY_BYTES} bytes in URL-safe base64)")
    return key


def _digest(purpose: bytes, key: bytes) -> bytes:
    return hashlib.sha256(b"sekisho key " + purpose + b"\0" + key).digest()


def _fingerprint(key: bytes) -> str:
    return _digest(b"fingerprint", key).hex()[:16]


def _subkey(key: bytes, owner: bytes) -> bytes:
    return hmac.digest(key, owner, "sha256")
