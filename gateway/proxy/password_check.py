"""Asking a legacy app whether a password is right, in an exchange of its own whose session is closed again (E1)."""

from __future__ import annotations

from gateway.core.errors import UpstreamUnavailable
from gateway.core.password_answer import PasswordAnswer
from gateway.stores.sessions import LiveSession


class PasswordCheck:
    """See `portal.visits.CheckPassword`."""

    async def __call__(self, live: LiveSession, password: str, client: str) -> PasswordAnswer:
        """Ask the app that signed this session in."""
        raise UpstreamUnavailable(live.record.session.app, "passwords can't be checked")
