"""What the file says of a person's tenants, before the registry is asked."""

from __future__ import annotations

from gateway.config.settings import Tenants
from gateway.core.policy import TenantFacts
from gateway.core.subject import Subject


def configured_facts(tenants: Tenants, subject: Subject) -> TenantFacts:
    """Entries of the file where there are any, its defaults elsewhere."""
    office = dict(tenants.offices).get(subject.office)
    establishment = dict(tenants.establishments).get((subject.office, subject.establishment))
    return TenantFacts(
        office=office.settings if office else tenants.office_default,
        establishment=establishment.settings if establishment else tenants.establishment_default,
    )
