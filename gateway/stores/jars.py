"""An anonymous browser's jar: it travels sealed in a cookie and costs no store anything."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Callable

from gateway.core.cookies import Jar
from gateway.core.errors import SealBroken
from gateway.stores.sealing import KeyRing

_SEALED_AT = struct.Struct(">d")
_CLOCK_SKEW = 60.0  # seconds by which machines that share a key ring may differ


class SealedJars:
    """Seals jars and opens them."""

    def __init__(self, keys: KeyRing, clock: Callable[[], float]) -> None:
        self._keys = keys
        self._clock = clock

    def seal_jar(self, jar: Jar, jar_id: bytes) -> bytes:
        """An anonymous browser's jar as a cookie value, with the time of sealing. `jar_id`: up to 255 bytes."""
        data = _SEALED_AT.pack(self._clock()) + jar.to_bytes()
        sealed = self._keys.seal(data, _jar_owner(jar_id))
        return base64.urlsafe_b64encode(bytes([len(jar_id)]) + jar_id + sealed).rstrip(b"=")

    def open_jar(self, value: bytes, max_age: float) -> tuple[Jar, bytes] | None:
        """The jar and its ID; None when forged, older than `max_age` seconds, or from the future."""
        try:
            raw = base64.b64decode(value + b"=" * (-len(value) % 4), altchars=b"-_", validate=True)
            jar_id, sealed = raw[1 : 1 + raw[0]], raw[1 + raw[0] :]
            data = self._keys.open(sealed, _jar_owner(jar_id))
            age = self._clock() - _SEALED_AT.unpack_from(data)[0]
            if not -_CLOCK_SKEW <= age <= max_age:
                return None
            return Jar.from_bytes(data[_SEALED_AT.size :]), jar_id
        except (SealBroken, binascii.Error, ValueError, IndexError):
            return None


def _jar_owner(jar_id: bytes) -> bytes:
    return b"jar\0" + jar_id
