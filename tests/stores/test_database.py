"""Transactions: how long they may take, and lists of any length as one parameter."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from gateway.core.errors import StoreUnavailable
from gateway.stores.database import Database
from gateway.stores.registry import SqlRegistry
from gateway.stores.tables import installation


async def test_bulk_work_has_its_own_limit_and_is_undone_beyond_it(registry: SqlRegistry) -> None:
    database = registry._database

    async def work() -> None:
        async with database.writing(0.5) as connection:
            await connection.execute(sa.insert(installation).values(name="half", value="done"))
            await asyncio.sleep(30)

    with pytest.raises(StoreUnavailable):
        await work()
    await asyncio.sleep(1.1)  # whoever asks at once after a silence is refused at once
    async with database.reading() as connection:
        assert (await connection.execute(sa.select(installation.c.name).filter_by(name="half"))).all() == []


async def test_a_statement_of_bulk_work_may_take_longer_than_others(empty_postgresql_url: str) -> None:
    database = Database(empty_postgresql_url)
    async with database.writing(60) as connection:
        assert (await connection.exec_driver_sql("SELECT pg_sleep(3.2)")).all()
    await database.close()


async def test_a_list_of_any_length_is_one_parameter(registry: SqlRegistry) -> None:
    texts = [f"{number:06}'\"\\あ" for number in range(40_000)]
    async with registry._database.reading() as connection:
        rows = (await connection.execute(registry._database.listed(texts))).scalars().all()
        assert sorted(rows) == texts
        assert (await connection.execute(registry._database.listed([]))).all() == []
