"""What holds at a moment that is yet to come, for the question who will be stopped on it (F4)."""

from __future__ import annotations

from gateway.core.policy import TenantSettings, with_implied
from gateway.core.rollout import Phase, Rollout
from gateway.stores.base_audit import ReadinessRules


def rules_at(
    at: float, rollout: Rollout, office_default: TenantSettings, establishment_default: TenantSettings
) -> ReadinessRules:
    """The rules at `at` (Unix seconds), if nobody changes a setting until then. The phases are those of
    `core.policy.effective_policy`; the defaults are the configuration's."""
    phase = rollout.phase(at)
    return ReadinessRules(
        at,
        mandatory=phase is Phase.MANDATORY,
        nobody=phase is Phase.BEFORE,
        office_uses=office_default.uses_second_factor,
        establishment_uses=establishment_default.uses_second_factor,
        establishment_exempts=bool(with_implied(establishment_default.exempt)),
    )
