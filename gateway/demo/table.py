"""The session table that the three apps share, as servlet containers of one vendor do. Nothing of the gateway's."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from gateway.demo.people import BY_LOGIN_ID, FIRST_PASSWORD, Person

COOKIE = "JSESSIONID"
MOST_SESSIONS = 5000  # the oldest go: visitors who never sign in must not fill the memory

Clock = Callable[[], datetime]
Tokens = Callable[[], str]


@dataclass(slots=True)
class DemoSession:
    """A visitor. The ID given before sign-in stays after it: the mistake that old apps make."""

    session_id: str
    form_token: str
    person: Person | None = None
    tickets: list[str] = field(default_factory=list)


class SessionTable:
    """Sessions and passwords in memory; `clock` gives Japanese time without a zone, `tokens` new identifiers."""

    def __init__(self, clock: Clock, tokens: Tokens) -> None:
        self.clock = clock
        self.tokens = tokens
        self._sessions: OrderedDict[str, DemoSession] = OrderedDict()
        self._passwords = dict.fromkeys(BY_LOGIN_ID, FIRST_PASSWORD)

    def find(self, request: web.Request) -> DemoSession | None:
        """The visitor's session, signed in or not."""
        return self._sessions.get(request.cookies.get(COOKIE, ""))

    def open(self) -> DemoSession:
        """A new session for a visitor without one."""
        session = DemoSession(self.tokens(), self.tokens())
        self._sessions[session.session_id] = session
        if len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return session

    def person(self, request: web.Request) -> Person:
        """Who is signed in; nobody: 302 to the sign-in page, from whichever app."""
        session = self.find(request)
        if session is None or session.person is None:
            raise web.HTTPFound("/login")
        return session.person

    def signed_in(self, request: web.Request) -> DemoSession:
        """The session of somebody signed in, with the same way out."""
        session = self.find(request)
        if session is None or session.person is None:
            raise web.HTTPFound("/login")
        return session

    def sign_in(self, session: DemoSession, login_id: str, password: str) -> bool:
        """Check the password. The session keeps its ID."""
        person = BY_LOGIN_ID.get(login_id.strip().upper())
        if person is None or self._passwords[person.login_id] != password:
            return False
        session.person = person
        return True

    def renew(self, session: DemoSession) -> None:
        """Another ID and another form token for the same visitor."""
        self._sessions.pop(session.session_id, None)
        session.session_id, session.form_token = self.tokens(), self.tokens()
        self._sessions[session.session_id] = session

    def end(self, session: DemoSession) -> None:
        """Sign out."""
        self._sessions.pop(session.session_id, None)
        session.person = None

    def change_password(self, person: Person, old: str, new: str) -> bool:
        """Until the demo ends; a restart brings `demo` back."""
        if self._passwords[person.login_id] != old:
            return False
        self._passwords[person.login_id] = new
        return True
