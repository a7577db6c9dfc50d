"""What configuration and CSV files list, in the words of the roster."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from gateway.config.settings import Configuration, EstablishmentEntry
from gateway.core.policy import TenantSettings
from gateway.core.subject import Subject
from gateway.directory.base import Directory
from gateway.stores.base_tenants import Establishment, PersonLine


@dataclass(frozen=True, slots=True)
class ConfiguredLists:
    """See Roster.replace_configured. `digest` is the same in every process for the same lists."""

    digest: str
    establishments: tuple[tuple[str, Establishment], ...]
    entries: tuple[tuple[str, str, TenantSettings, bool], ...]
    people: tuple[PersonLine, ...]


def configured_lists(configuration: Configuration, directory: Directory) -> ConfiguredLists:
    """Put them together; takes seconds for a million people."""
    establishments = tuple((one.office, establishment_line(one)) for one in configuration.directory.establishments)
    tenants = configuration.tenants
    entries = (
        *((office, "", entry.settings, entry.pinned) for office, entry in tenants.offices),
        *((office, code, entry.settings, entry.pinned) for (office, code), entry in tenants.establishments),
    )
    people = tuple(person_line(subject) for subject in directory.everybody() if subject.office)
    found = sha256()
    for part in (establishments, map(_settled, entries), people):
        for line in part:
            found.update(repr(line).encode())
        found.update(b"\0")
    return ConfiguredLists(found.hexdigest(), establishments, entries, people)


def _settled(entry: tuple[str, str, TenantSettings, bool]) -> tuple[object, ...]:
    """A set has another order in every process."""
    office, code, settings, pinned = entry
    return office, code, settings.uses_second_factor, sorted(settings.exempt), pinned


def establishment_line(entry: EstablishmentEntry) -> Establishment:
    """An establishment without its office."""
    return Establishment(entry.code, entry.name, entry.kana)


def person_line(subject: Subject) -> PersonLine:
    """A person as the roster keeps them."""
    return PersonLine(
        subject.login_id,
        subject.kind.value,
        subject.office,
        subject.establishment,
        subject.employee,
        subject.role,
        subject.name,
    )
