"""Work in progress of one session."""

from __future__ import annotations

import sqlalchemy as sa

from gateway.stores.database import Database
from gateway.stores.tables import drafts

# Nothing in progress lives for so long, so what ended that much before a new draft ends is over: it is swept then.
_LONGEST_SECONDS = 7 * 86400.0
_ALIKE = 100  # of the drafts `kind:…` of one owner: a browser that goes on asking fills no disk

_draft = drafts.c


class DraftRecords:
    """The part of a Registry that keeps drafts."""

    _database: Database

    async def draft(self, owner: str, name: str, now: float) -> bytes | None:
        """See Drafts.draft."""
        query = sa.select(_draft.data).filter_by(owner=owner, name=name).where(_draft.expires_at > now)
        async with self._database.reading() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def keep_draft(self, owner: str, name: str, data: bytes, expires_at: float) -> None:
        """See Drafts.keep_draft."""
        values = {"data": data, "expires_at": expires_at}
        insert = self._database.insert(drafts).values(owner=owner, name=name, **values)
        over = _draft.expires_at < expires_at - _LONGEST_SECONDS
        async with self._database.writing() as connection:
            await connection.execute(sa.delete(drafts).where(over))
            await connection.execute(insert.on_conflict_do_update(index_elements=["owner", "name"], set_=values))
            kind, mark, _ = name.partition(":")
            if mark:
                others = sa.and_(_draft.owner == owner, _draft.name.startswith(f"{kind}:", autoescape=True))
                others = sa.and_(others, _draft.name != name)
                newest = sa.select(_draft.name).where(others).order_by(_draft.expires_at.desc()).limit(_ALIKE - 1)
                await connection.execute(sa.delete(drafts).where(others, _draft.name.not_in(newest)))

    async def drop_draft(self, owner: str, name: str) -> None:
        """See Drafts.drop_draft."""
        async with self._database.writing() as connection:
            await connection.execute(sa.delete(drafts).filter_by(owner=owner, name=name))
