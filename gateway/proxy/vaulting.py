"""The vault at work: which cookies go to the app, which come back from it, and where they are kept (A3).

With a session the vault lies in the session store. An anonymous visitor's jar travels in the browser, sealed: the
store pays nothing for strangers, and what the browser holds is of no use to anybody but the gateway.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from gateway.core.apps import App
from gateway.core.cookies import cookie_for_app, split_set_cookies
from gateway.core.header_names import ANSWER_KINDS, AnswerKind
from gateway.core.jar import Jar
from gateway.core.messages import Headers
from gateway.core.own_cookies import LARGEST_JAR, OWN_NAMES, OwnCookies
from gateway.core.urlsession import strip_url_session
from gateway.proxy.visit import Visit
from gateway.stores.sessions import SessionRecord, Sessions

_log = logging.getLogger("sekisho.vault")


class Vault:
    """Reads the jar out of a visitor, and puts into it what an app's answer sets."""

    def __init__(self, sessions: Sessions, own: OwnCookies) -> None:
        self._sessions = sessions
        self._own = own

    def outgoing(self, visit: Visit) -> bytes | None:
        """The Cookie header for the app, built from nothing."""
        return cookie_for_app(
            visit.visitor.jar, visit.cookies, visit.target.path, visit.app.cookies, OWN_NAMES, visit.now
        )

    async def keep(self, visit: Visit, vaulted: list[bytes]) -> Headers:
        """Put Set-Cookie values into the visitor's vault; gives the headers that the browser must get for it."""
        visitor, path, now = visit.visitor, visit.target.path, visit.now
        if visitor.live is not None:
            await self._sessions.update(visitor.live, _storing(vaulted, path, now))
            return ()
        jar = visitor.jar.store(vaulted, path, now)
        return () if jar == visitor.jar else self.seal(jar, visitor.jar_id or secrets.token_bytes(12))

    def seal(self, jar: Jar, jar_id: bytes) -> Headers:
        """A stranger's jar as a Set-Cookie header."""
        if not jar.cookies:
            return (self._own.clear(self._own.jar),)
        sealed = self._sessions.seal_jar(jar, jar_id)
        while len(sealed) > LARGEST_JAR and jar.cookies:
            largest = max(jar.cookies, key=lambda cookie: len(cookie.value))
            _log.warning("cookie %r of an anonymous visitor is too large to keep", largest.name)
            jar = Jar(tuple(cookie for cookie in jar.cookies if cookie is not largest))
            sealed = self._sessions.seal_jar(jar, jar_id)
        return (self._own.set(self._own.jar, sealed),)


def _storing(vaulted: list[bytes], path: bytes, now: float) -> Callable[[SessionRecord], SessionRecord]:
    def change(record: SessionRecord) -> SessionRecord:
        jar = record.jar.store(vaulted, path, now)
        return record if jar == record.jar else replace(record, jar=jar)

    return change


def withhold(app: App, headers: Headers, public_origin: bytes) -> tuple[Headers, list[bytes]]:
    """Take what belongs to the vault out of an answer's headers: vaulted cookies, session IDs in addresses.

    An app that is told its own host name redirects to it: such addresses are led back to the public origin.
    """
    kinds = {ANSWER_KINDS[name] for name, _ in headers}
    if AnswerKind.SET_COOKIE in kinds:
        passed, vaulted = split_set_cookies(headers, app.cookies, OWN_NAMES)
    else:
        passed, vaulted = headers, []
    if AnswerKind.ADDRESS in kinds:
        passed = tuple(
            (name, _public_address(app, value, public_origin) if ANSWER_KINDS[name] == AnswerKind.ADDRESS else value)
            for name, value in passed
        )
    return passed, vaulted


def _public_address(app: App, value: bytes, public_origin: bytes) -> bytes:
    if app.host_header is not None:
        value = _inner_address(app.host_header).sub(lambda found: found[1] + public_origin, value)
    return strip_url_session(value, app.session_id_names)


@lru_cache(maxsize=64)
def _inner_address(host: bytes) -> re.Pattern[bytes]:
    """Where an app calls itself by the name that it is told: `Location: http://inner/x`, `Refresh: 0; url=http://inner/x`,
    `Link: <http://inner/x>`. It may add the port that goes without saying."""
    before = rb"\A(\s*(?:<|[0-9.]+\s*[;,]\s*(?:url\s*=\s*)?[\"']?)?)"
    return re.compile(before + rb"https?://%b(?::80|:443)?(?=[/?#>\"']|\Z)" % re.escape(host), re.IGNORECASE)
