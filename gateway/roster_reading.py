"""The whole roster from the operator's database, for whoever asks about everybody.

Pages read a tenant's list when somebody opens it; a question such as "who will be stopped?" must not leave out those
whose list nobody opened yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.config.settings import Configuration
from gateway.core.policy import TenantSettings
from gateway.portal.refreshing import RefreshRoster
from gateway.stores.base import Registry
from gateway.stores.base_tenants import EstablishmentQuery

_PIECE = 500
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Reading:
    """How many lists were brought up to date, and for which (office, establishment) that failed; an empty
    establishment stands for the office's own lists."""

    lists: int
    failed: tuple[tuple[str, str], ...]


def known_offices(configuration: Configuration, roster: Iterable[str]) -> list[str]:
    """Offices that configuration or roster name: no database lists offices."""
    tenants = configuration.tenants
    named = {office for office, _ in tenants.offices} | {office for (office, _), _ in tenants.establishments}
    return sorted(named | {entry.office for entry in configuration.directory.establishments} | set(roster))


async def read_everything(
    refresh: RefreshRoster, registry: Registry, offices: Sequence[str], default: TenantSettings
) -> Reading:
    """Bring every list of these offices up to date, a few at a time. Raises StoreUnavailable when the registry does
    not answer; a directory that does not is told in the result."""
    lists, failed = 0, []
    for office in offices:
        own = [(await refresh.establishments(office)).current, (await refresh.people(office, "")).current]
        lists += 1
        failed += [] if all(own) else [(office, "")]
        offset = 0
        while True:
            page = await registry.find_establishments(EstablishmentQuery(office), default, offset, _PIECE)
            codes = [row.code for row in page.rows]
            for start in range(0, len(codes), _AT_ONCE):
                some = codes[start : start + _AT_ONCE]
                fresh = await asyncio.gather(*(refresh.people(office, code) for code in some))
                failed += [(office, code) for code, one in zip(some, fresh, strict=True) if not one.current]
            lists += len(codes)
            offset += _PIECE
            if len(codes) < _PIECE:
                break
    return Reading(lists, tuple(failed))
