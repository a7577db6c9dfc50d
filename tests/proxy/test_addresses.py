"""Where an app may listen: a UNIX socket, or TLS, whose certificate must be good for the name it is asked by."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.config.settings import Limits, ListenAddress
from gateway.core.errors import UpstreamUnavailable
from gateway.proxy.pool import Address
from gateway.proxy.server import Lane
from tests.proxy.lane_kit import OK, Bench, RawApp, ScriptedGate, app, get

BEGIN = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
END = dt.datetime(2120, 1, 1, tzinfo=dt.UTC)
LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


def certificate(folder: Path, *names: x509.GeneralName, end: dt.datetime = END) -> Path:
    """A self-signed certificate for these names, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    file = folder / "app.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def speaking_tls(file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@asynccontextmanager
async def lane_to(
    address: Address, behind: RawApp, tls: Mapping[str, ssl.SSLContext] | None = None
) -> AsyncIterator[Bench]:
    """A lane in front of an app that listens already."""
    gate = ScriptedGate()
    lane = Lane(gate, {"app": address}, Limits(connect_seconds=2.0), tls=tls)
    (port,) = await lane.start((ListenAddress("127.0.0.1", 0),))
    made = Bench(lane, gate, behind, port)
    try:
        yield made
    finally:
        made.hang_up()
        await lane.close()
        await behind.stop()


async def test_an_app_behind_a_unix_socket_is_reached_over_one_connection(tmp_path: Path) -> None:
    behind = app(OK)
    await behind.start_at(str(tmp_path / "app.sock"))
    async with lane_to(str(tmp_path / "app.sock"), behind) as lane:
        browser = await lane.browser()
        for _ in range(3):
            assert (await browser.ask(get()))[1] == b"ok"
        assert behind.connections == 1


async def test_a_unix_socket_that_nobody_listens_at_is_an_app_that_is_down(tmp_path: Path) -> None:
    behind = app(OK)
    await behind.start()
    async with lane_to(str(tmp_path / "nobody.sock"), behind) as lane:
        assert b" 502 " in (await (await lane.browser()).ask(get()))[0]
        with pytest.raises(UpstreamUnavailable):
            await lane.lane.fetcher.fetch("app", b"GET", b"/", (), b"", 100)


async def test_an_app_by_tls_is_reached_over_one_connection(tmp_path: Path) -> None:
    file = certificate(tmp_path, LOOPBACK)
    behind = app(OK)
    port = await behind.start(speaking_tls(file))
    tls = {"app": ssl.create_default_context(cafile=str(file))}
    async with lane_to(("127.0.0.1", port), behind, tls) as lane:
        browser = await lane.browser()
        for _ in range(3):
            assert (await browser.ask(get()))[1] == b"ok"
        assert behind.connections == 1
        head, body = await lane.lane.fetcher.fetch("app", b"GET", b"/", (), b"", 100)
        assert (head.status, body) == (200, b"ok")


async def test_a_megabyte_by_tls_arrives_byte_for_byte(tmp_path: Path) -> None:
    body = bytes(range(256)) * 4096
    file = certificate(tmp_path, LOOPBACK)
    behind = app(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    port = await behind.start(speaking_tls(file))
    tls = {"app": ssl.create_default_context(cafile=str(file))}
    async with lane_to(("127.0.0.1", port), behind, tls) as lane:
        assert (await (await lane.browser()).ask(get()))[1] == body


@pytest.mark.parametrize("fault", ["name", "issuer", "time"])
async def test_a_certificate_that_proves_nothing_gets_no_request(tmp_path: Path, fault: str) -> None:
    name: x509.GeneralName = x509.DNSName("other.example") if fault == "name" else LOOPBACK
    file = certificate(tmp_path, name, end=BEGIN + dt.timedelta(days=1) if fault == "time" else END)
    behind = app(OK)
    port = await behind.start(speaking_tls(file))
    trusted = None if fault == "issuer" else str(file)
    async with lane_to(("127.0.0.1", port), behind, {"app": ssl.create_default_context(cafile=trusted)}) as lane:
        browser = await lane.browser()
        for _ in range(2):
            assert b" 502 " in (await browser.ask(get()))[0]
        with pytest.raises(UpstreamUnavailable):
            await lane.lane.fetcher.fetch("app", b"POST", b"/login", (), b"user=a&password=b", 100)
        assert behind.heads == []
