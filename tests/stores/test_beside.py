"""What is asked in a loop of its own: answered while the other loop has no time, and gone without a trace."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

from gateway.core.policy import TenantSettings
from gateway.stores.beside import Beside
from gateway.stores.registry import SqlRegistry
from gateway.stores.revision_reader import RevisionReader
from gateway.stores.revisions import Revisions
from tests.given import given_office
from tests.stores.conftest import RING


async def test_revisions_are_read_while_the_loop_is_busy(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/registry.db"
    registry, reader, beside = SqlRegistry(url, RING), RevisionReader(url), Beside("revisions-test")
    try:
        await registry.start()
        revisions = Revisions(reader, time.monotonic, beside.start)
        await revisions.read()
        assert revisions.seen.of("0001") == 0
        await given_office(registry, "0001", TenantSettings(True))
        before, until = revisions.seen, time.monotonic() + 30
        reading = revisions.begin()
        while revisions.seen is before and time.monotonic() < until:
            time.sleep(0.001)  # noqa: ASYNC251 - nothing else runs in this loop meanwhile: that is the point
        assert revisions.seen.of("0001") == 1
        while not reading.done() and time.monotonic() < until:
            time.sleep(0.001)  # noqa: ASYNC251
        assert revisions.begin() is not reading, "the next one begins without this loop having had a turn"
        await revisions.close()
    finally:
        await beside.close(reader.close)
        await registry.close()
    assert "revisions-test" not in {thread.name for thread in threading.enumerate()}


async def test_what_was_never_used_has_nothing_to_close() -> None:
    before = threading.active_count()
    await Beside("unused").close(lambda: asyncio.sleep(1000))
    assert threading.active_count() == before
