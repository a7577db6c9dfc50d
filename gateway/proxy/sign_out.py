"""Ending a session in a legacy app itself, when the gateway and not the app was asked to (A8, E1)."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from gateway.core.apps import App, AppTable
from gateway.core.errors import UpstreamUnavailable
from gateway.core.signin import SignOutRule
from gateway.core.trial import SignInPage, sign_out_request
from gateway.proxy.own_requests import Exchange, OwnRequests
from gateway.stores.sessions import LiveSession

_log = logging.getLogger("sekisho.sign_out")


class LegacySignOut:
    """Asks the app's own sign-out address once; what it answers is nobody's business.

    An app that is down or wants a token that nobody has seen keeps its session until it ends by itself, but nobody has
    its cookie: the vault that held it is gone.
    """

    def __init__(self, apps: AppTable, requests: OwnRequests) -> None:
        self._apps = apps
        self._requests = requests

    async def __call__(self, live: LiveSession) -> None:
        """End the legacy session that belongs to this one."""
        app = self._apps.by_name.get(live.record.session.app)
        if app is not None:
            await self.end(Exchange(app, live.record.jar, ""))

    @staticmethod
    def by_form(app: App) -> bool:
        """Whether the app is signed out of by a form alone, which may carry a token."""
        return bool(app.sign_out) and _posts(app.sign_out[0])

    async def end(self, exchange: Exchange, page: SignInPage | None = None) -> None:
        """End what is signed in under an exchange's jar. `page`: one of the app's pages, which may hold that form."""
        if not exchange.app.sign_out:
            return
        rule = exchange.app.sign_out[0]
        charset = next((sign_in.charset for sign_in in exchange.app.sign_in), "utf-8")
        form = sign_out_request(rule, page, charset) if page is not None else None
        try:
            if form is not None:
                await self._requests.ask(
                    exchange, form.method, form.target, content_type=form.content_type, body=form.body
                )
            else:
                target = rule.path.encode() + (b"?" + urlencode(rule.query).encode() if rule.query else b"")
                await self._requests.ask(exchange, b"POST" if _posts(rule) else b"GET", target)
        except UpstreamUnavailable as fault:
            _log.warning("the app keeps a session that nobody can use: %s", fault)


def _posts(rule: SignOutRule) -> bool:
    """GET unless the rule names POST and not GET: some apps answer a GET with a question."""
    return b"POST" in rule.methods and b"GET" not in rule.methods
