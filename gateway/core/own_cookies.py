"""The gateway's own two cookies: the session and, before sign-in, the sealed jar of an anonymous visitor."""

from __future__ import annotations

from dataclasses import dataclass

_PLAIN = (b"sekisho", b"sekisho-pre")
_PREFIXED = (b"__Host-sekisho", b"__Host-sekisho-pre")
OWN_NAMES = frozenset(_PLAIN + _PREFIXED)  # no app sees or sets any of these, whichever scheme is in use
LARGEST_JAR = 3800  # browsers drop a cookie of more than 4096 bytes, name and attributes included


@dataclass(frozen=True, slots=True)
class OwnCookies:
    """Names and Set-Cookie values. `secure`: `__Host-` names, which no sub-domain and no plain-http page can plant."""

    secure: bool

    @property
    def session(self) -> bytes:
        """Name of the session cookie."""
        return _PREFIXED[0] if self.secure else _PLAIN[0]

    @property
    def jar(self) -> bytes:
        """Name of the cookie with the sealed jar."""
        return _PREFIXED[1] if self.secure else _PLAIN[1]

    def set(self, name: bytes, value: bytes) -> tuple[bytes, bytes]:
        """A Set-Cookie header. No Expires: the browser forgets it at its end. Lax: a link from a mail still works."""
        return b"Set-Cookie", name + b"=" + value + b"; Path=/; HttpOnly; SameSite=Lax" + self._secure

    def clear(self, name: bytes) -> tuple[bytes, bytes]:
        """A Set-Cookie header that makes the browser forget the cookie."""
        return b"Set-Cookie", name + b"=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" + self._secure

    @property
    def _secure(self) -> bytes:
        return b"; Secure" if self.secure else b""
