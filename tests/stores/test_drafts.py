"""Work in progress: kept per session and name until its time comes."""

from __future__ import annotations

from gateway.stores.registry import SqlRegistry

NOW, HOUR = 1_800_000_000.0, 3600.0


async def test_a_draft_is_what_was_kept_last_until_its_end(registry: SqlRegistry) -> None:
    assert await registry.draft("session", "selection", NOW) is None
    await registry.keep_draft("session", "selection", b"first", NOW + HOUR)
    await registry.keep_draft("session", "selection", b"\x00second\xff", NOW + 2 * HOUR)
    assert await registry.draft("session", "selection", NOW + 2 * HOUR - 1) == b"\x00second\xff"
    assert await registry.draft("session", "selection", NOW + 2 * HOUR) is None


async def test_a_draft_is_its_sessions_and_names_own(registry: SqlRegistry) -> None:
    await registry.keep_draft("session", "selection", b"data", NOW + HOUR)
    assert await registry.draft("other", "selection", NOW) is None
    assert await registry.draft("session", "import", NOW) is None
    await registry.drop_draft("other", "selection")
    await registry.drop_draft("session", "import")
    assert await registry.draft("session", "selection", NOW) == b"data"
    await registry.drop_draft("session", "selection")
    assert await registry.draft("session", "selection", NOW) is None


async def test_drafts_of_weeks_ago_are_swept(registry: SqlRegistry) -> None:
    await registry.keep_draft("old", "selection", b"data", NOW)
    await registry.keep_draft("session", "selection", b"data", NOW + HOUR)
    assert await registry.draft("old", "selection", NOW - 1) == b"data"
    await registry.keep_draft("session", "selection", b"data", NOW + 8 * 86400)
    assert await registry.draft("old", "selection", NOW - 1) is None


async def test_a_session_that_goes_on_keeping_drafts_of_one_kind_has_the_last_hundred(registry: SqlRegistry) -> None:
    await registry.keep_draft("session", "selection", b"data", NOW + HOUR)
    await registry.keep_draft("other", "list:first", b"data", NOW + HOUR)
    for number in range(103):
        await registry.keep_draft("session", f"list:{number}", b"data", NOW + HOUR + number)
    kept = [number for number in range(103) if await registry.draft("session", f"list:{number}", NOW) is not None]
    assert kept == list(range(3, 103))
    assert await registry.draft("session", "selection", NOW) == await registry.draft("other", "list:first", NOW)
