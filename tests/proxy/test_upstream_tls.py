"""Apps by https: who cannot prove to be the app gets no request, and the log says why."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.config.certificates import PairRefused
from gateway.config.settings import Limits, ListenAddress, TlsPair
from gateway.config.upstream_tls import upstream_context
from gateway.core.apps import UpstreamTls
from gateway.proxy.server import Lane
from gateway.proxy.upstreams import Place
from tests.proxy.certificate_kit import pair
from tests.proxy.lane_kit import OK, Bench, ScriptedGate, app, get

LONG_AGO = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)


@asynccontextmanager
async def https(served: TlsPair, tls: UpstreamTls, *, asks_for: TlsPair | None = None) -> AsyncIterator[Bench]:
    """A lane in front of an app that shows this certificate. `asks_for`: the issuer of the one that it wants."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(served.certificate, served.key)
    if asks_for is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(asks_for.certificate)
    made, gate = app(OK), ScriptedGate()
    port = await made.start(context)
    place = Place((("127.0.0.1", port),), server_name=tls.server_name or None)
    lane = Lane(gate, {"app": place}, Limits(connect_seconds=3.0), tls={"app": upstream_context(tls)})
    (listening,) = await lane.start((ListenAddress("127.0.0.1", 0),))
    bench = Bench(lane, gate, made, listening)
    try:
        yield bench
    finally:
        bench.hang_up()
        await lane.close()
        await made.stop()


async def test_an_app_with_the_right_certificate_is_asked(tmp_path: Path) -> None:
    good = pair(tmp_path, "127.0.0.1")
    async with https(good, UpstreamTls(ca=str(good.certificate))) as lane:
        browser = await lane.browser()
        for _ in range(3):
            assert (await browser.ask(get()))[1] == b"ok"
        assert lane.app.connections == 1


async def test_the_name_in_the_certificate_may_be_another_than_the_address(tmp_path: Path) -> None:
    good = pair(tmp_path, "app.internal")
    async with https(good, UpstreamTls(ca=str(good.certificate), server_name="app.internal")) as lane:
        assert (await (await lane.browser()).ask(get()))[1] == b"ok"


async def refused(lane: Bench) -> None:
    browser = await lane.browser()
    for _ in range(2):
        assert (await browser.ask(get()))[0].startswith(b"HTTP/1.1 502 ")
    assert lane.app.heads == []


async def test_a_certificate_for_another_host_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    other = pair(tmp_path, "other.example")
    async with https(other, UpstreamTls(ca=str(other.certificate))) as lane:
        await refused(lane)
    assert "certificate is not accepted: IP address mismatch" in caplog.text


async def test_a_certificate_of_an_unknown_authority_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own, known = pair(tmp_path, "127.0.0.1"), pair(tmp_path, "127.0.0.1", file="known")
    async with https(own, UpstreamTls(ca=str(known.certificate))) as lane:
        await refused(lane)
    async with https(own, UpstreamTls()) as lane:
        await refused(lane)
    assert caplog.text.count("certificate is not accepted: self-signed certificate") == 4


async def test_an_expired_certificate_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    old = pair(tmp_path, "127.0.0.1", end=LONG_AGO)
    async with https(old, UpstreamTls(ca=str(old.certificate))) as lane:
        await refused(lane)
    assert "certificate is not accepted: certificate has expired" in caplog.text


async def test_an_app_without_tls_where_https_is_written_gets_nothing(tmp_path: Path) -> None:
    good = pair(tmp_path, "127.0.0.1")
    made, gate = app(OK), ScriptedGate()
    where = ("127.0.0.1", await made.start())
    contexts = {"app": upstream_context(UpstreamTls(ca=str(good.certificate)))}
    lane = Lane(gate, {"app": where}, Limits(connect_seconds=0.5), tls=contexts)
    bench = Bench(lane, gate, made, (await lane.start((ListenAddress("127.0.0.1", 0),)))[0])
    assert (await (await bench.browser()).ask(get()))[0].startswith((b"HTTP/1.1 502 ", b"HTTP/1.1 504 "))
    assert made.heads == []
    bench.hang_up()
    await lane.close()
    await made.stop()


async def test_an_app_that_asks_for_our_certificate_gets_it(tmp_path: Path) -> None:
    good, ours = pair(tmp_path, "127.0.0.1"), pair(tmp_path, "gateway", file="ours")
    tls = UpstreamTls(str(good.certificate), "", str(ours.certificate), str(ours.key))
    async with https(good, tls, asks_for=ours) as lane:
        assert (await (await lane.browser()).ask(get()))[1] == b"ok"
    async with https(good, UpstreamTls(ca=str(good.certificate)), asks_for=ours) as lane:
        await refused(lane)


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    good, other = pair(tmp_path, "a"), pair(tmp_path, "b", file="other")
    (tmp_path / "empty.pem").write_text("nothing")
    for tls, code in (
        (UpstreamTls(ca=str(tmp_path / "none.pem")), "bad-ca"),
        (UpstreamTls(ca=str(tmp_path / "empty.pem")), "bad-ca"),
        (UpstreamTls(certificate=str(tmp_path / "none.pem")), "bad-certificate"),
        (UpstreamTls(certificate=str(good.certificate), key=str(other.key)), "bad-certificate"),
    ):
        with pytest.raises(PairRefused) as fault:
            upstream_context(tls)
        assert fault.value.code == code
        assert str(tmp_path) in fault.value.what
