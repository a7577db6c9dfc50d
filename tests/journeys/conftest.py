"""One demo and one browser for each module; after every journey the watch over every byte that the browser got."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.harness.browser import chromium
from tests.harness.recorder import leaks
from tests.journeys.visitor import Browsers, NewVisitor
from tests.journeys.world import World, demo_world


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The demo; a module may say in EDITS what its routes.yaml has otherwise."""
    with demo_world(tmp_path_factory.mktemp("demo"), getattr(request.module, "EDITS", ())) as made:
        yield made
        assert made.vaulted(), "no app set a cookie: the leak watch has proven nothing"


@pytest.fixture(autouse=True)
def leak_watch(world: World) -> Iterator[None]:
    """No value that lies in the vault is in one byte that a browser received, nor was in an earlier journey."""
    world.browser_side.passages.clear()
    yield
    found = leaks(world.browser_side, world.vaulted())
    assert not found, found[:5]


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """Debian's Chromium."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def visitor(world: World, chrome: Browser, leak_watch: None) -> Iterator[NewVisitor]:
    """Call it for a person with a fresh browser; all are closed before the leak watch looks."""
    browsers = Browsers(world, chrome)
    yield browsers
    browsers.close()
