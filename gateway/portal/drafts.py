"""Work in progress of one session: what was picked, typed or read, kept in the registry between two pages."""

from __future__ import annotations

import asyncio
import hashlib
import json
import zlib
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from gateway.portal.visits import PORTAL, VISIT, Visit

LIST = "settings-list"
OFFICE = "settings-office"
ESTABLISHMENT = "settings-establishment"
BULK = "settings-bulk"
UNDONE = "settings-undone"
IMPORT = "settings-import"
_LIMIT = 64 << 20  # of bytes that a draft may unfold to


async def draft(request: web.Request, name: str) -> Mapping[str, Any]:
    """What this session kept under a name; empty when there is nothing (any more)."""
    portal = request.app[PORTAL]
    kept = await portal.offices.registry.draft(_owner(request[VISIT]), name, portal.clock())
    if kept is None:
        return {}
    found = json.loads(zlib.decompressobj().decompress(kept, _LIMIT))
    return found if isinstance(found, dict) else {}


async def keep_draft(request: web.Request, name: str, kept: Mapping[str, Any]) -> None:
    """Keep it in place of an earlier one, as long as the session can last."""
    visit = request[VISIT]
    data = await asyncio.to_thread(_packed, kept)
    ends = visit.live.record.session.password_at + visit.policy.absolute_seconds
    await request.app[PORTAL].offices.registry.keep_draft(_owner(visit), name, data, ends)


async def drop_draft(request: web.Request, name: str) -> None:
    """It is done, or of no use any more."""
    await request.app[PORTAL].offices.registry.drop_draft(_owner(request[VISIT]), name)


def _packed(kept: Mapping[str, Any]) -> bytes:
    """In a thread: a hundred thousand codes take a while, and whoever compresses lets others run."""
    return zlib.compress(json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode(), 3)


def _owner(visit: Visit) -> str:
    """One session: neither its token nor its key can be told from it."""
    return hashlib.sha256(b"draft\0" + visit.live.key).hexdigest()
