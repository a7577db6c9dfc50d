"""From tenants' settings, pins and the rollout to what holds for one person now."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.rollout import Phase, Rollout
from gateway.core.subject import Feature, Kind, Subject
from gateway.core.values import fast_frozen


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """What one office or establishment has set. An office's `exempt` is always empty.

    `registration_codes` is an office's alone: whoever enrols must give a code that an administrator issued.
    """

    uses_second_factor: bool = False
    exempt: frozenset[Feature] = frozenset()
    registration_codes: bool = False


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Idle and absolute limits of one tenant kind, in seconds."""

    idle_seconds: float
    absolute_seconds: float


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """What the configuration says for everybody."""

    rollout: Rollout
    office_limits: SessionLimits
    establishment_limits: SessionLimits


@fast_frozen
class TenantFacts:
    """A person's tenants as last read: pins first, then the registry, then the configured default."""

    office: TenantSettings
    establishment: TenantSettings


@fast_frozen
class Policy:
    """What holds for one person at one moment. `because` names the rule that made it so."""

    required: bool
    exempt: frozenset[Feature]
    idle_seconds: float
    absolute_seconds: float
    because: str
    registration_code: bool = False  # an enrolment needs a code that an administrator issued


def with_implied(exempt: frozenset[Feature]) -> frozenset[Feature]:
    """Notifications are offered as 「打刻+届出も許可」: whoever may file them may punch."""
    if Feature.ATTENDANCE_NOTIFICATIONS in exempt:
        return exempt | {Feature.ATTENDANCE_PUNCH}
    return exempt


def effective_policy(subject: Subject, facts: TenantFacts, rules: PolicyRules, now: float) -> Policy:
    """Resolve what holds for `subject` at `now` (D2, D4, F1). Exemptions outlive the mandatory date."""
    phase = rules.rollout.phase(now)
    if subject.kind is Kind.ESTABLISHMENT:
        limits = rules.establishment_limits
        exempt = with_implied(facts.establishment.exempt)
        uses = facts.office.uses_second_factor and facts.establishment.uses_second_factor
        unused = "establishment" if facts.office.uses_second_factor else "office"
    else:
        limits = rules.office_limits
        exempt = frozenset()
        uses = facts.office.uses_second_factor
        unused = "office"
    if phase is Phase.MANDATORY:
        required, because = True, "mandatory date"
    elif subject.kind is Kind.UNKNOWN:
        required, because = True, "login ID unknown to the directory"
    elif phase is Phase.BEFORE:
        required, because = False, "before the rollout"
    elif uses:
        required, because = True, "tenant uses 2FA"
    else:
        required, because = False, f"{unused} does not use 2FA"
    codes = facts.office.registration_codes
    return Policy(required, exempt, limits.idle_seconds, limits.absolute_seconds, because, codes)
