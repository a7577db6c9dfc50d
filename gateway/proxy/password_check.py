"""Asking a legacy app whether a password is right, in an exchange of its own whose session is closed again (E1).

    GET sign-in page ──► the form as a browser would send it ──► judged as every sign-in ──► sign-out

The exchange has a jar of its own: nothing of it reaches the vault, a browser, a log line or an error.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets

from gateway.core.apps import App, AppTable
from gateway.core.errors import UpstreamUnavailable
from gateway.core.jar import Jar
from gateway.core.judging import signed_in
from gateway.core.messages import first_header
from gateway.core.password_answer import PasswordAnswer
from gateway.core.signin import SignInRule
from gateway.core.trial import SignInPage, TrialRequest, target_from, trial_request
from gateway.proxy.own_requests import Exchange, OwnAnswer, OwnRequests
from gateway.proxy.sign_out import LegacySignOut
from gateway.stores.sessions import LiveSession

CHECK_SECONDS = 20.0  # a person waits before the page
SIGN_OUT_SECONDS = 5.0
_log = logging.getLogger("sekisho.password_check")


class PasswordCheck:
    """See `portal.visits.CheckPassword`."""

    def __init__(
        self,
        apps: AppTable,
        requests: OwnRequests,
        sign_out: LegacySignOut,
        *,
        seconds: float = CHECK_SECONDS,
        sign_out_seconds: float = SIGN_OUT_SECONDS,
    ) -> None:
        self._apps = apps
        self._requests = requests
        self._sign_out = sign_out
        self._seconds = seconds
        self._sign_out_seconds = sign_out_seconds

    async def __call__(self, live: LiveSession, password: str, client: str) -> PasswordAnswer:
        """Ask the app that signed this session in. Whatever the outcome, what it opened is closed again."""
        session = live.record.session
        app = self._apps.by_name.get(session.app)
        if app is None:
            raise UpstreamUnavailable(session.app, "the configuration has no such app any more")
        trial = _Trial(app, self._requests, client)
        try:
            async with asyncio.timeout(self._seconds):
                return await trial.run(live.record.typed or session.subject.login_id, password)
        except TimeoutError:
            raise UpstreamUnavailable(app.name, "no answer to a password in time", timed_out=True) from None
        finally:
            await self._close(trial)

    async def _close(self, trial: _Trial) -> None:
        if not trial.sent:
            return
        try:
            async with asyncio.timeout(self._sign_out_seconds):
                page = await trial.page_after() if self._sign_out.by_form(trial.exchange.app) else None
                await self._sign_out.end(trial.exchange, page)
        except TimeoutError:
            _log.warning("%s did not sign out the session of a password check in time", trial.exchange.app.name)


class _Trial:
    """One password at one app."""

    def __init__(self, app: App, requests: OwnRequests, client: str) -> None:
        self.exchange = Exchange(app, Jar(), client)
        self.sent = False
        self._requests = requests
        self._page = SignInPage(app.sign_in_page, b"")
        self._answer: OwnAnswer | None = None

    async def run(self, login_id: str, password: str) -> PasswordAnswer:
        """Fetch the page, send the form, judge the answer."""
        app = self.exchange.app
        shown = self._answered(await self._requests.ask(self.exchange, b"GET", app.sign_in_page.encode()))
        self._page = SignInPage(app.sign_in_page, shown.page)
        rule, request = self._first_usable(login_id, password)
        self.sent = True
        answer = await self._requests.ask(
            self.exchange, request.method, request.target, content_type=request.content_type, body=request.body
        )
        self._answer = self._answered(answer)
        self._page = SignInPage(request.target.partition(b"?")[0].decode(), answer.page)
        right = signed_in(rule, answer.head, answer.body, answer.at)
        return PasswordAnswer.RIGHT if right else PasswordAnswer.WRONG

    async def page_after(self) -> SignInPage | None:
        """The page that the app shows after the sign-in: the answer itself, or where it leads within the same app."""
        location = first_header(self._answer.head.headers, b"location") if self._answer is not None else None
        if location is None:
            return self._page
        target = target_from(self._page.path, location.decode("latin-1"))
        if target is None:
            return None
        with contextlib.suppress(UpstreamUnavailable):
            answer = await self._requests.ask(self.exchange, b"GET", target)
            return SignInPage(target.decode(), answer.page)
        return None

    def _answered(self, answer: OwnAnswer) -> OwnAnswer:
        """An app that is out of order says nothing of a password."""
        if answer.head.status >= 500:
            raise UpstreamUnavailable(self.exchange.app.name, f"status {answer.head.status}")
        return answer

    def _first_usable(self, login_id: str, password: str) -> tuple[SignInRule, TrialRequest]:
        app = self.exchange.app
        boundary = b"sekisho" + secrets.token_hex(16).encode()
        for rule in app.sign_in:
            request = trial_request(rule, self._page, login_id, password, boundary)
            if request is not None:
                return rule, request
        raise UpstreamUnavailable(app.name, f"no sign-in rule fits a form on {app.sign_in_page}: name its password")
