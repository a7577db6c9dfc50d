"""Registration codes: issued to people, printed, and spent with the enrolment that they allow (see `factors`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from gateway.core.events import Event
from gateway.stores.audit import AuditRecords
from gateway.stores.base_audit import AuditEvent
from gateway.stores.base_people import PeopleQuery, PersonRow, RegistrationCode
from gateway.stores.base_tenants import Stamp
from gateway.stores.people import as_person, people_with_codes
from gateway.stores.resets import one_bulk_change_at_a_time
from gateway.stores.tables import people, registration_codes

_BULK_SECONDS = 60.0
_AT_ONCE = 2000


class RegistrationCodeRecords(AuditRecords):
    """The part of a Registry that keeps registration codes."""

    async def issue_codes(self, codes: Sequence[RegistrationCode], stamp: Stamp) -> None:
        """See People.issue_codes. A person's office stands in the event as the roster knows it.

        Many are issued some thousand at a time, each time with their events: nobody waits long for the audit record.
        """
        by_person = list({code.login_id: code for code in codes}.values())
        for start in range(0, len(by_person), _AT_ONCE):
            await self._issue({code.login_id: code for code in by_person[start : start + _AT_ONCE]}, stamp)

    async def _issue(self, by_person: Mapping[str, RegistrationCode], stamp: Stamp) -> None:
        rows = [
            {
                "login_id": code.login_id,
                "code": code.code,
                "issued_at": code.issued_at,
                "expires_at": code.expires_at,
            }
            for code in by_person.values()
        ]
        insert = self._database.insert(registration_codes)
        replaced = {name: insert.excluded[name] for name in ("code", "issued_at", "expires_at")}
        upsert = insert.on_conflict_do_update(index_elements=["login_id"], set_=replaced)
        columns = people.c
        known = sa.select(columns.login_id, columns.office, columns.establishment).where(
            columns.login_id.in_(self._database.listed(list(by_person)))
        )
        async with self._database.writing(_BULK_SECONDS) as connection:
            await one_bulk_change_at_a_time(connection)
            tenants = {row.login_id: row for row in await connection.execute(known)}
            await connection.execute(upsert, rows)
            await self._append(
                connection,
                [
                    AuditEvent(
                        stamp.at,
                        Event.REGISTRATION_ISSUED.value,
                        stamp.reference,
                        stamp.actor,
                        login_id,
                        tenants[login_id].office if login_id in tenants else "",
                        tenants[login_id].establishment if login_id in tenants else "",
                        stamp.address,
                    )
                    for login_id in by_person
                ],
            )

    async def registration_code(self, login_id: str, now: float) -> RegistrationCode | None:
        """See People.registration_code."""
        code = registration_codes.c
        query = sa.select(registration_codes).where(code.login_id == login_id, code.expires_at > now)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else RegistrationCode(row.login_id, row.code, row.issued_at, row.expires_at)

    async def registration_codes(
        self, query: PeopleQuery, now: float
    ) -> tuple[tuple[PersonRow, RegistrationCode], ...]:
        """See People.registration_codes."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(people_with_codes(query, now))).all()
        return tuple(
            (as_person(row, now), RegistrationCode(row.login_id, row.code, row.code_issued_at, row.code_until))
            for row in rows
        )
