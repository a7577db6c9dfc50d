"""A roster written straight into its tables: what stands there is the other store modules' matter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from gateway.core.folding import folded, searchable
from gateway.stores.base import PendingEnrolment
from gateway.stores.registry import SqlRegistry
from gateway.stores.tables import establishments, people

NOW = 1_800_000_000.0
Person = tuple[str, str, str, str]  # login ID, office, establishment, name


async def put_people(registry: SqlRegistry, rows: Iterable[Person], kind: str | None = None) -> None:
    """Write people. Their kind follows from the first letter of the login ID, unless it is given."""
    values = [
        {
            "login_id": login_id,
            "kind": kind or ("office" if login_id.startswith("A") else "establishment"),
            "office": office,
            "establishment": establishment,
            "employee": login_id[-4:],
            "role": "",
            "name": name,
            "folded": f"{folded(login_id)}\n{searchable(name)}",
            "source": "test",
        }
        for login_id, office, establishment, name in rows
    ]
    async with registry._database.writing() as connection:
        await connection.execute(sa.insert(people), values)


async def put_establishments(registry: SqlRegistry, rows: Sequence[tuple[str, str, str]]) -> None:
    """Write establishments: office, code, name."""
    values = [
        {
            "office": office,
            "code": code,
            "name": name,
            "kana": "",
            "folded_name": searchable(name),
            "folded_kana": "",
            "source": "test",
        }
        for office, code, name in rows
    ]
    async with registry._database.writing() as connection:
        await connection.execute(sa.insert(establishments), values)


async def enrol(
    registry: SqlRegistry, login_id: str, at: float = NOW, address: str = "", code: bytes | None = None
) -> bool:
    """Begin and confirm an enrolment."""
    pending = await registry.begin_enrolment(login_id, b"sealed", "session", at, at + 600)
    assert isinstance(pending, PendingEnrolment)
    return await registry.confirm_enrolment(login_id, pending.nonce, 100, at, address=address, code=code)
