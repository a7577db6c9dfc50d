"""The jar of one session: the cookies an app set, kept as a browser would keep them (RFC 6265 section 5)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from gateway.core.cookie_dates import cookie_date

_MOST = 180  # cookies of one session, as many as browsers keep of a site
_LARGEST = 4096  # bytes of name and value: what is larger no browser keeps
_FOREVER = 10**11  # a Max-Age beyond three thousand years is as good as this one


@dataclass(frozen=True, slots=True)
class VaultedCookie:
    """One cookie of an app. `expires_at` in Unix seconds; None: as long as the session. `domain` as the app named it,
    empty for none: it says which cookies are one and the same, and nothing of where it goes."""

    name: bytes
    value: bytes = field(repr=False)
    path: bytes
    expires_at: float | None
    domain: bytes = b""

    def reaches(self, path: bytes) -> bool:
        """RFC 6265 section 5.1.4: whether a request for `path` carries this cookie."""
        own = self.path
        return path.startswith(own) and (own[-1:] == b"/" or path[len(own) : len(own) + 1] in (b"", b"/"))


@dataclass(frozen=True, slots=True)
class Jar:
    """Cookies in the order in which they were first set. Never changed: `store` gives a new jar."""

    cookies: tuple[VaultedCookie, ...] = ()

    def store(self, set_cookie_values: list[bytes], request_path: bytes, now: float) -> Jar:
        """The jar after an answer's Set-Cookie values, in their order; this very jar when nothing changed."""
        kept = {(cookie.name, cookie.domain, cookie.path): cookie for cookie in self.cookies}
        for value in set_cookie_values:
            cookie = parse_set_cookie(value, request_path, now)
            if cookie is not None:
                kept[cookie.name, cookie.domain, cookie.path] = cookie
        cookies = tuple(cookie for cookie in kept.values() if cookie.expires_at is None or cookie.expires_at > now)
        if len(cookies) > _MOST:
            cookies = _most_useful(cookies)
        return self if cookies == self.cookies else Jar(cookies)

    def for_path(self, path: bytes, now: float) -> list[VaultedCookie]:
        """What a request for `path` carries: longer paths first, then the older cookie (RFC 6265 section 5.4)."""
        found = [
            cookie
            for cookie in self.cookies
            if (cookie.expires_at is None or cookie.expires_at > now) and cookie.reaches(path)
        ]
        if len(found) > 1:
            found.sort(key=lambda cookie: len(cookie.path), reverse=True)
        return found

    def to_bytes(self) -> bytes:
        """A compact form for the session store; the store seals it."""
        rows = [
            (
                *(text.decode("latin-1") for text in (cookie.name, cookie.value, cookie.path)),
                cookie.expires_at,
                *((cookie.domain.decode("latin-1"),) if cookie.domain else ()),
            )
            for cookie in self.cookies
        ]
        return json.dumps(rows, separators=(",", ":")).encode()

    @staticmethod
    def from_bytes(data: bytes) -> Jar:
        """The jar that `to_bytes` wrote. Raises ValueError for anything else."""
        try:
            return Jar(
                tuple(
                    VaultedCookie(
                        name.encode("latin-1"),
                        value.encode("latin-1"),
                        path.encode("latin-1"),
                        expires_at,
                        *(text.encode("latin-1") for text in domain),
                    )
                    for name, value, path, expires_at, *domain in json.loads(data)
                )
            )
        except (TypeError, AttributeError) as error:
            raise ValueError("not a jar") from error


def _most_useful(cookies: tuple[VaultedCookie, ...]) -> tuple[VaultedCookie, ...]:
    """As many as may stay. An app that names no path sets one more for each folder that somebody asks for: those go
    first, the oldest of them before all others."""
    surplus = sorted(cookies, key=lambda cookie: cookie.path == b"/")[: len(cookies) - _MOST]
    going = {(cookie.name, cookie.domain, cookie.path) for cookie in surplus}
    return tuple(cookie for cookie in cookies if (cookie.name, cookie.domain, cookie.path) not in going)


def parse_set_cookie(value: bytes, request_path: bytes, now: float) -> VaultedCookie | None:
    """One Set-Cookie value (RFC 6265 section 5.2); None when it names no cookie. Whether its Domain is right is not
    ours to judge, but with and without one it is two cookies: apps delete an old one of that name beside the new."""
    pair, *attributes = value.split(b";")
    name, _, content = pair.partition(b"=")
    name = name.strip(b" \t")
    content = content.strip(b" \t")
    if not name or b"=" not in pair or len(name) + len(content) > _LARGEST:
        return None
    path, domain = _default_path(request_path), b""
    max_age: float | None = None
    expires: float | None = None
    for attribute in attributes:
        key, _, text = attribute.partition(b"=")
        text = text.strip(b" \t")
        match key.strip(b" \t").lower():
            case b"path":
                path = text if text.startswith(b"/") else _default_path(request_path)
            case b"domain":
                domain = text.removeprefix(b".").lower()
            case b"max-age" if text.removeprefix(b"-").isdigit():
                max_age = now + min(int(text[:12]), _FOREVER)
            case b"expires":
                date = cookie_date(text)
                expires = expires if date is None else date
    return VaultedCookie(name, content, path, expires if max_age is None else max_age, domain)


def _default_path(request_path: bytes) -> bytes:
    """RFC 6265 section 5.1.4: the directory of the request."""
    return request_path[: request_path.rfind(b"/")] or b"/" if request_path.startswith(b"/") else b"/"
