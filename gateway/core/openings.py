"""What an address opens by itself: the part of the decision that hangs on the request alone.

A full session's decision looks at nothing but method and target; a restricted one's at these and, where no condition
(`where`) is involved, at one feature of the person's policy. That part is the same for everybody, so it can be found
out once per address. It is found out by asking `decide` itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from gateway.core.decide import AccessMap, Pass, Reason, RequestFacts, decide, needs_form
from gateway.core.policy import Policy
from gateway.core.session import Level, Session
from gateway.core.subject import Feature, Kind, Subject
from gateway.core.target import Target

_EVERYTHING_EXEMPT = Policy(True, frozenset(Feature), 1.0, 1.0, "probe")
_SOMEBODY = Subject("somebody", Kind.ESTABLISHMENT, "", "", "", "", "")
_PROVEN = Session(_SOMEBODY, "", password_at=0.0, seen_at=0.0, totp_at=0.0)
_RESTRICTED = Session(_SOMEBODY, "", password_at=0.0, seen_at=0.0, restricted_at=0.0)
_ANY_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether a request without a body passes for a full session; and for a restricted one: always when `restricted`
    and no `feature` is named, else when that feature is exempt. False: the decision must be made anew each time."""

    full: bool
    restricted: bool
    feature: Feature | None

    def lets(self, level: Level, policy: Policy) -> bool:
        """Whether it passes at this level under this policy. False says nothing: decide."""
        if level is Level.FULL:
            return self.full
        return level is Level.RESTRICTED and self.restricted and (self.feature is None or self.feature in policy.exempt)


def opening(method: bytes, target: Target, access: AccessMap) -> Opening:
    """What requests without a body by this method to this target may count on, whoever asks and whenever."""
    facts = RequestFacts(method, target, has_body=False, today=_ANY_DAY)
    full = decide(_PROVEN, facts, access, _EVERYTHING_EXEMPT, 0.0)
    restricted = decide(_RESTRICTED, facts, access, _EVERYTHING_EXEMPT, 0.0)
    feature: Feature | None = None
    settled = False
    if isinstance(restricted, Pass) and restricted.reason is not Reason.PUBLIC_ROUTE and restricted.route is not None:
        settled = not needs_form(access.routes.candidates(target.path), method)
        feature = restricted.route.feature if settled else None
    return Opening(isinstance(full, Pass), settled, feature)
