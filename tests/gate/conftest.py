"""What the tests of the short way share."""

from __future__ import annotations

import pytest

from gateway.proxy.actions import Peer
from gateway.proxy.express import Express, Short


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The request lines that went the short way."""
    lines: list[bytes] = []
    admit = Express.admit

    def counted(self: Express, data: bytes, peer: Peer) -> Short | None:
        short = admit(self, data, peer)
        if short is not None:
            lines.append(data.partition(b"\r\n")[0])
        return short

    monkeypatch.setattr(Express, "admit", counted)
    return lines
