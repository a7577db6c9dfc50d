"""Changes of many establishments' settings: what one would touch, doing it, and taking it back.

Whoever changes an office's settings holds its row of `offices` until the end of the transaction, and every changed
setting remembers the office's revision. So "changed since you looked" is a comparison of two numbers.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.core.events import Event
from gateway.core.policy import TenantSettings
from gateway.core.setting_words import as_words, from_words
from gateway.stores.base_audit import AuditEvent
from gateway.stores.base_tenants import (
    Changed,
    Conflict,
    EstablishmentRow,
    Impact,
    PastChange,
    Selection,
    Stamp,
    Undone,
)
from gateway.stores.selections import AT_ONCE, Digest, Read, Rows, Walk
from gateway.stores.tables import (
    establishment_settings,
    establishments,
    people,
    second_factors,
    setting_change_rows,
    setting_changes,
)
from gateway.stores.tenant_rows import (
    exempt_text,
    held_exempt,
    held_uses,
    held_words,
    holding,
    row_of,
    slices,
    typed,
)
from gateway.stores.tenant_settings import SettingRecords, event, locked_revision, note_revision, read_revision

_BULK_SECONDS = 300.0  # for 100,000 establishments in one transaction
_SHOWN_CONFLICTS = 20
_EVENTS_AT_ONCE = 150  # to chain so many holds the loop for some milliseconds
_UNDO_SECONDS = 90 * 86400.0  # what can be undone is kept for so long
_MIXED = ""

_stored, _change, _before = establishment_settings.c, setting_changes.c, setting_change_rows.c

_rows = setting_changes.c["count"].label("rows")  # a row's own `count` is that of every tuple


@dataclass(frozen=True, slots=True)
class _Making:
    """A change under way; `revision` is what it makes of the office's."""

    change: str
    office: str
    revision: int
    default: TenantSettings
    stamp: Stamp

    def signed(self) -> dict[str, sa.ColumnElement[Any]]:
        """What every setting that it touches remembers of it."""
        return {
            "revision": sa.literal(self.revision, sa.BigInteger),
            "changed_at": sa.literal(self.stamp.at, sa.Double),
            "changed_by": sa.literal(self.stamp.actor),
        }


def _begun(office: str, revision: int, default: TenantSettings, stamp: Stamp) -> _Making:
    return _Making(secrets.token_urlsafe(12), office, revision + 1, default, stamp)


class ChangeRecords(SettingRecords):
    """The part of a Registry that changes establishments' settings."""

    async def impact(self, selection: Selection, default: TenantSettings) -> Impact:
        """See Settings.impact."""
        walk = Walk(self._database, selection, default)
        digest = Digest()
        count = using = pinned = persons = enrolled = 0
        async with self._database.reading(_BULK_SECONDS) as connection:
            # The revision first: a change while the rows are read is told when this impact is acted upon.
            revision = await read_revision(connection, selection.office)
            async for rows in walk.rows(_reader(connection)):
                digest.add(rows)
                free = [row for row in rows if not row.pinned]
                count += len(rows)
                pinned += len(rows) - len(free)
                using += sum(row.uses for row in free)
                counted = await connection.execute(self._people(selection.office, [row.code for row in free]))
                here = counted.one()
                persons, enrolled = persons + here.people, enrolled + here.enrolled
        return Impact(count, persons, enrolled, using, pinned, digest.text(revision), revision)

    async def change_selected(
        self, selection: Selection, settings: TenantSettings, default: TenantSettings, digest: str, stamp: Stamp
    ) -> Changed | Conflict:
        """See Settings.change_selected."""
        office = selection.office
        walk = Walk(self._database, selection, default)
        async with self._database.writing(_BULK_SECONDS) as connection:
            revision = await locked_revision(self._database, connection, office)
            now = Digest()
            found: list[sa.Row[Any]] = []
            async for rows in walk.rows(_reader(connection)):
                now.add(rows)
                found.extend(rows)
            if not now.agrees_with(digest):
                seen = now.seen(digest, revision)
                return Conflict(await self._changed_since(connection, office, seen, found), revision)
            wanted = {row.code: settings for row in found if not row.pinned}
            return await self._change(connection, found, wanted, _begun(office, revision, default, stamp))

    async def change_rows(
        self,
        office: str,
        rows: Sequence[tuple[str, TenantSettings]],
        default: TenantSettings,
        revision: int,
        stamp: Stamp,
    ) -> Changed | Conflict:
        """See Settings.change_rows."""
        wanted = {typed(code): settings for code, settings in rows}
        if len(wanted) != len(rows):
            raise ValueError("an establishment twice")
        walk = Walk(self._database, Selection(office, frozenset(wanted)), default)
        async with self._database.writing(_BULK_SECONDS) as connection:
            current = await locked_revision(self._database, connection, office)
            found = [row async for some in walk.rows(_reader(connection)) for row in some]
            if len(found) != len(wanted):
                raise ValueError("an establishment that this office does not have")
            if any(row.pinned for row in found):
                raise ValueError("an establishment whose settings the configuration has")
            changed = await self._changed_since(connection, office, revision, found)
            if changed:
                return Conflict(changed, current)
            return await self._change(connection, found, wanted, _begun(office, current, default, stamp))

    async def last_change(self, office: str) -> PastChange | None:
        """See Settings.last_change."""
        query = sa.select(setting_changes, _rows).filter_by(office=office).order_by(_change.revision.desc()).limit(1)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        settings = None if row.settings == _MIXED else from_words(row.settings)
        return PastChange(row.change, row.actor, row.at, row.rows, settings, row.undone_at)

    async def undo_change(self, office: str, change: str, stamp: Stamp) -> Undone | None:
        """See Settings.undo_change."""
        async with self._database.writing(_BULK_SECONDS) as connection:
            revision = await locked_revision(self._database, connection, office) + 1
            query = sa.select(setting_changes, _rows).filter_by(office=office, change=typed(change), undone_at=None)
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return None
            undoing = _Making("", office, revision, TenantSettings(), stamp)
            events = [one async for one in self._undone_events(connection, row, stamp)]
            await self._put_back(connection, row.change, row.revision, undoing)
            values = {"undone_at": stamp.at, "undone_revision": revision}
            await connection.execute(sa.update(setting_changes).filter_by(change=row.change).values(values))
            await note_revision(connection, office, revision)
            await self._append_all(connection, events)
            return Undone(len(events), row.rows - len(events), revision)

    async def _change(
        self, connection: AsyncConnection, found: Rows, wanted: Mapping[str, TenantSettings], making: _Making
    ) -> Changed:
        """Give each its settings where they differ from what holds."""
        groups: dict[TenantSettings, list[str]] = {settings: [] for settings in wanted.values()}
        words = {settings: (as_words(settings), exempt_text(settings)) for settings in groups}
        events: list[AuditEvent] = []
        for place, row in enumerate(found):
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)
            settings = wanted.get(row.code)
            if settings is None:
                continue
            after, exempt = words[settings]
            if row.uses == settings.uses_second_factor and row.exempt == exempt:
                continue
            groups[settings].append(row.code)
            detail = (("change", making.change), ("before", held_words(row.uses, row.exempt)), ("after", after))
            events.append(event(Event.ESTABLISHMENT_CHANGED, making.office, row.code, making.stamp, detail))
        if not events:
            return Changed("", 0, making.revision - 1)
        for settings, codes in groups.items():
            for some in slices(codes, AT_ONCE):
                await connection.execute(self._keep_before(making, some))
                await connection.execute(self._store(making, settings, some))
        given = [words[settings][0] for settings, codes in groups.items() if codes]
        await self._note(connection, making, len(events), given[0] if len(given) == 1 else _MIXED)
        await self._append_all(connection, events)
        return Changed(making.change, len(events), making.revision)

    def _keep_before(self, making: _Making, codes: list[str]) -> sa.Insert:
        roster, default = establishments.c, making.default
        held = (held_uses(default), held_exempt(default), _stored.revision.is_not(None))
        rows = sa.select(sa.literal(making.change), roster.code, *held).select_from(holding())
        rows = rows.where(roster.office == making.office, roster.code.in_(self._database.listed(codes)))
        return sa.insert(setting_change_rows).from_select(list(_before), rows)

    def _store(self, making: _Making, settings: TenantSettings, codes: list[str]) -> sa.Insert:
        values = {
            "uses_second_factor": sa.literal(settings.uses_second_factor),
            "exempt": sa.literal(exempt_text(settings)),
            **making.signed(),
        }
        picked = self._database.listed(codes).subquery("picked")
        rows = sa.select(sa.literal(making.office), picked.c[0], *values.values())
        insert = self._database.insert(establishment_settings).from_select(
            [_stored.office, _stored.establishment, *values],
            rows.where(sa.true()),  # without it SQLite takes ON CONFLICT for a join's ON
        )
        replaced = {name: insert.excluded[name] for name in values}
        return insert.on_conflict_do_update(index_elements=["office", "establishment"], set_=replaced)

    async def _note(self, connection: AsyncConnection, making: _Making, count: int, settings: str) -> None:
        """Note a change that can be undone, and forget what nobody will undo any more."""
        stamp = making.stamp
        ended = sa.func.coalesce(_change.undone_at, _change.at) < stamp.at - _UNDO_SECONDS
        old = sa.select(_change.change).where(_change.office == making.office, ended)
        await connection.execute(sa.delete(setting_change_rows).where(_before.change.in_(old)))
        await connection.execute(sa.delete(setting_changes).where(_change.change.in_(old)))
        values = {"change": making.change, "office": making.office, "revision": making.revision, "actor": stamp.actor}
        noted = sa.insert(setting_changes).values(**values, at=stamp.at, count=count, settings=settings)
        await connection.execute(noted)
        await note_revision(connection, making.office, making.revision)

    async def _changed_since(
        self, connection: AsyncConnection, office: str, seen: int, found: Rows
    ) -> tuple[EstablishmentRow, ...]:
        """Those that are not as they were at the revision `seen`: changed later, or changed before and undone later."""
        undone = sa.select(_before.establishment).join(setting_changes, _change.change == _before.change)
        undone = undone.where(_change.office == office, _change.revision <= seen, _change.undone_revision > seen)
        put_back = set((await connection.execute(undone)).scalars())
        others = (row for row in found if (row.revision or 0) > seen or row.code in put_back)
        return tuple(row_of(row) for row in itertools.islice(others, _SHOWN_CONFLICTS))

    async def _undone_events(
        self, connection: AsyncConnection, change: sa.Row[Any], stamp: Stamp
    ) -> AsyncIterator[AuditEvent]:
        """An event for each setting that is still as this change left it."""
        query = (
            sa.select(
                _before.establishment.label("code"),
                _stored.uses_second_factor.label("uses"),
                _stored.exempt,
                _before.before_uses,
                _before.before_exempt,
            )
            .join(establishment_settings, _stored.establishment == _before.establishment)
            .where(_stored.office == change.office, _stored.revision == change.revision)
            .where(_before.change == change.change)
            .order_by(_before.establishment)
            .limit(AT_ONCE)
        )
        rows = (await connection.execute(query)).all()
        while rows:
            for row in rows:
                before, after = held_words(row.uses, row.exempt), held_words(row.before_uses, row.before_exempt)
                detail = (("change", change.change), ("before", before), ("after", after))
                yield event(Event.ESTABLISHMENT_UNDONE, change.office, row.code, stamp, detail)
            rows = (await connection.execute(query.where(_before.establishment > rows[-1].code))).all()

    async def _put_back(self, connection: AsyncConnection, change: str, changed_at: int, making: _Making) -> None:
        """What was stored before the change is stored again; where nothing was, nothing is."""
        here = sa.and_(_stored.office == making.office, _stored.revision == changed_at, _before.change == change)
        restored = {"uses_second_factor": _before.before_uses, "exempt": _before.before_exempt, **making.signed()}
        update = sa.update(establishment_settings).values(restored)
        update = update.where(here, _before.establishment == _stored.establishment, _before.before_stored)
        await connection.execute(update)
        nothing = sa.select(_before.establishment).where(_before.change == change, sa.not_(_before.before_stored))
        delete = sa.delete(establishment_settings).where(_stored.office == making.office)
        await connection.execute(delete.where(_stored.revision == changed_at, _stored.establishment.in_(nothing)))

    async def _append_all(self, connection: AsyncConnection, events: Sequence[AuditEvent]) -> None:
        """The last thing in a transaction: whoever holds the end of the audit record holds up everybody."""
        for start in range(0, len(events), _EVENTS_AT_ONCE):
            await self._append(connection, events[start : start + _EVENTS_AT_ONCE])
            await asyncio.sleep(0)

    def _people(self, office: str, codes: list[str]) -> sa.Select[int, int]:
        """How many people these establishments have by the roster, and how many of them are enrolled."""
        count = sa.func.count
        counts = sa.select(count(people.c.login_id).label("people"), count(second_factors.c.login_id).label("enrolled"))
        joined = counts.join_from(people, second_factors, people.c.login_id == second_factors.c.login_id, isouter=True)
        return joined.where(people.c.office == office, people.c.establishment.in_(self._database.listed(codes)))


def _reader(connection: AsyncConnection) -> Read:
    """Queries within one transaction."""

    async def read(query: sa.Select[Any]) -> Rows:
        rows: Rows = (await connection.execute(query)).all()
        return rows

    return read
