"""Ending a person's session in the legacy app itself, when the gateway and not the app was asked to (A8)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import urlencode

from gateway.core.apps import AppTable
from gateway.core.cookies import outgoing_cookie
from gateway.core.errors import UpstreamUnavailable
from gateway.core.own_cookies import OWN_NAMES
from gateway.core.signin import SignOutRule
from gateway.proxy.actions import UpstreamClient
from gateway.stores.sessions import LiveSession

_ANSWER_LIMIT = 1 << 20
_log = logging.getLogger("sekisho.sign_out")


class LegacySignOut:
    """Asks the app's own sign-out address once, with the vault's cookies; what it answers is nobody's business.

    An app that is down or wants a token in the form keeps its session until it ends by itself, but nobody has its
    cookie: the vault that held it is gone.
    """

    def __init__(self, apps: AppTable, client: UpstreamClient, public_host: bytes, clock: Callable[[], float]) -> None:
        self._apps = apps
        self._client = client
        self._public_host = public_host
        self._clock = clock

    async def __call__(self, live: LiveSession) -> None:
        """End the legacy session that belongs to this one."""
        app = self._apps.by_name.get(live.record.session.app)
        if app is None or not app.sign_out:
            return
        rule = app.sign_out[0]
        path = rule.path.encode()
        target = path + (b"?" + urlencode(rule.query).encode() if rule.query else b"")
        cookie = outgoing_cookie(live.record.jar, (), path, app.cookies, OWN_NAMES, self._clock())
        headers = ((b"Host", app.host_header or self._public_host), (b"Cookie", cookie or b""))
        try:
            await self._client.fetch(app.name, _method(rule), target, headers, b"", _ANSWER_LIMIT)
        except UpstreamUnavailable as fault:
            _log.warning("the app keeps a session that nobody can use: %s", fault)


def _method(rule: SignOutRule) -> bytes:
    """GET unless the rule names POST and not GET: some apps answer a GET with a question."""
    return b"POST" if b"POST" in rule.methods and b"GET" not in rule.methods else b"GET"
