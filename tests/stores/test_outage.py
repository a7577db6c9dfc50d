"""What the log says of a store that falls silent: once that it does, once that it is back."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from gateway.core.errors import StoreUnavailable
from gateway.core.policy import TenantSettings
from gateway.stores.circuit import Circuit
from gateway.stores.outage import Outage
from gateway.stores.registry import SqlRegistry, migrate
from gateway.stores.revision_reader import RevisionReader
from tests.given import given_office
from tests.servers import Server
from tests.stores.clock import Clock
from tests.stores.conftest import RING
from tests.stores.redis_kit import KEY, eventually, redis_at

ON, OFF = TenantSettings(True), TenantSettings(False)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "sekisho.stores"]


def test_an_outage_is_told_once_and_its_end_with_how_long_it_lasted(caplog: pytest.LogCaptureFixture) -> None:
    monotonic = Clock(100.0)
    circuit = Circuit("registry", 1.0, monotonic)
    circuit.answered()
    for second in range(20):
        circuit.failed(f"silent {second}")
        with pytest.raises(StoreUnavailable):
            circuit.check()
        monotonic.forward(1.0)
    assert told(caplog) == ["store registry does not answer: silent 0"]
    for _ in range(3):
        circuit.answered()
    assert told(caplog)[1:] == ["store registry answers again after 20.0 s; 20 questions were refused meanwhile"]
    circuit.failed("silent anew")
    assert told(caplog)[2:] == ["store registry does not answer: silent anew"]


def test_a_store_that_answers_every_other_time_has_not_come_back(caplog: pytest.LogCaptureFixture) -> None:
    monotonic = Clock(100.0)
    circuit = Circuit("registry", 1.0, monotonic)
    circuit.answered()
    for _ in range(50):
        circuit.failed("busy")
        monotonic.forward(0.5)
        circuit.answered()
    assert len(told(caplog)) == 1
    monotonic.forward(0.5)
    circuit.answered()
    assert len(told(caplog)) == 2


def two_ways_that_fail(monotonic: Clock) -> tuple[Circuit, Circuit]:
    """To one store, which has answered before."""
    outage = Outage("registry", monotonic=monotonic)
    one, other = Circuit("registry", 1.0, monotonic, outage), Circuit("registry", 1.0, monotonic, outage)
    one.answered()
    one.failed("refused")
    other.failed("refused")
    return one, other


def test_two_ways_to_one_store_are_one_outage_until_both_answer(caplog: pytest.LogCaptureFixture) -> None:
    monotonic = Clock(100.0)
    one, other = two_ways_that_fail(monotonic)
    monotonic.forward(5.0)
    one.answered()
    assert len(told(caplog)) == 1, "the other has not answered"
    other.answered()
    assert len(told(caplog)) == 2


def test_who_asks_no_more_does_not_prolong_an_outage(caplog: pytest.LogCaptureFixture) -> None:
    monotonic = Clock(100.0)
    one, _ = two_ways_that_fail(monotonic)
    monotonic.forward(31.0)
    one.answered()
    assert told(caplog)[1:] == ["store registry answers again after 31.0 s; 0 questions were refused meanwhile"]


def test_a_store_that_never_answered_is_told_by_whoever_opens_it(caplog: pytest.LogCaptureFixture) -> None:
    monotonic = Clock(100.0)
    circuit = Circuit("sessions", 1.0, monotonic)
    circuit.failed("refused")
    assert not told(caplog)
    monotonic.forward(3.0)
    circuit.answered()
    assert told(caplog) == ["store sessions answers again after 3.0 s; 0 questions were refused meanwhile"]


async def test_a_redis_that_went_away_is_told_and_so_is_its_return(
    own_redis: Server, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    store = redis_at(own_redis, clock)
    await store.ping()
    own_redis.stop()
    for _ in range(5):
        with pytest.raises(StoreUnavailable):
            await store.get(KEY)
    assert [one.partition(":")[0] for one in told(caplog)] == ["store sessions does not answer"]
    own_redis.start()
    await eventually(store.ping)
    await store.close()
    assert [one.partition(" after ")[0] for one in told(caplog)[1:]] == ["store sessions answers again"]


async def test_a_full_disk_is_an_outage_until_something_can_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monotonic = Clock(100.0)
    registry = SqlRegistry(f"sqlite:///{tmp_path}/registry.db", RING, Outage("registry", monotonic=monotonic))
    await registry.start()
    await given_office(registry, "0001", ON)

    async def allow(pages: int) -> None:
        """SQLite answers as on a full disk when a file is as large as it may become."""
        async with registry._database.reading() as connection:
            await connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    await allow(1)
    with pytest.raises(StoreUnavailable, match="full"):
        await registry.keep_draft("A00010001", "large", b"x" * 1_000_000, 1e9)
    monotonic.forward(2.0)
    assert await registry.office_settings("0001") == ON
    assert [one.partition(": ")[0] for one in told(caplog)] == ["store registry does not answer"], (
        "reading is not enough"
    )
    await allow(1 << 20)
    await given_office(registry, "0001", OFF)
    assert [one.partition(" after ")[0] for one in told(caplog)[1:]] == ["store registry answers again"]
    await registry.close()


async def test_a_postgresql_that_went_away_is_told_once_for_both_ways_to_it(
    own_postgresql: Server, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"postgresql://postgres@127.0.0.1:{own_postgresql.port}/postgres"
    await migrate(url)
    outage = Outage("registry")
    registry, reader = SqlRegistry(url, RING, outage), RevisionReader(url, outage)
    await registry.ping()
    await reader.settings_stamp()
    own_postgresql.stop(signal.SIGQUIT)
    with pytest.raises(StoreUnavailable):
        await reader.settings_stamp()
    assert "did not answer" not in told(caplog)[0], "said once"
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await registry.ping()
        with pytest.raises(StoreUnavailable):
            await reader.settings_stamp()
    own_postgresql.start()
    await eventually(registry.ping)
    await eventually(reader.settings_stamp)
    await registry.close()
    await reader.close()
    assert [one.partition(" after ")[0].partition(":")[0] for one in told(caplog)] == [
        "store registry does not answer", "store registry answers again",
    ]  # fmt: skip
