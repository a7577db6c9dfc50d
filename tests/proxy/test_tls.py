"""TLS that ends here: which certificate, which versions, new files without a restart, no handshakes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import subprocess
from pathlib import Path

import pytest

from gateway.config.certificates import PairRefused
from gateway.config.settings import Limits, ListenAddress, TlsPair
from gateway.proxy import certificates
from tests.proxy.certificate_kit import pair, trusting
from tests.proxy.lane_kit import RawApp, Reader, Writer, app, get, until
from tests.proxy.listening import listening, on_both_loops


def entry(*files: TlsPair) -> ListenAddress:
    return ListenAddress("127.0.0.1", 0, tls=files)


@on_both_loops
async def test_requests_come_by_tls_over_one_connection(tmp_path: Path) -> None:
    files = pair(tmp_path, "a.example")
    async with listening(entry(files)) as lane:
        browser = await lane.browser(trusting(files))
        for _ in range(3):
            assert (await browser.ask(get()))[1] == b"ok"
        encrypted = browser.writer.get_extra_info("ssl_object")
        assert encrypted.selected_alpn_protocol() == "http/1.1"
        assert encrypted.version() == "TLSv1.3"
        assert lane.lane.connections == 1
        assert [b"X-Forwarded-Proto: https" in head for head in lane.app.heads] == [True] * 3


@on_both_loops
async def test_a_megabyte_each_way_arrives_byte_for_byte(tmp_path: Path) -> None:
    body = bytes(range(256)) * 4096
    files = pair(tmp_path, "a.example")
    echo = app(lambda head, sent: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(sent), sent))
    async with listening(entry(files), behind=echo) as lane:
        browser = await lane.browser(trusting(files))
        head = b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: %d\r\n\r\n" % len(body)
        assert (await browser.ask(head + body))[1] == body


@on_both_loops
async def test_each_name_gets_its_certificate_and_an_unknown_name_the_first(tmp_path: Path) -> None:
    first = pair(tmp_path, "a.example", "unknown.example", file="first")
    second = pair(tmp_path, "b.example", "*.c.example", file="second")
    async with listening(entry(first, second)) as lane:
        for name, files in [
            ("a.example", first), ("B.example", second), ("x.c.example", second), ("unknown.example", first),
        ]:  # fmt: skip
            browser = await lane.browser(trusting(files), name)
            assert (await browser.ask(get()))[1] == b"ok"
        with pytest.raises(ssl.SSLCertVerificationError):
            await lane.browser(trusting(first, second), "x.y.c.example")


@on_both_loops
async def test_old_versions_are_refused(tmp_path: Path) -> None:
    files = pair(tmp_path, "a.example")
    async with listening(entry(files)) as lane:
        old = trusting(files)
        old.set_ciphers("DEFAULT@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(OSError):
            await lane.browser(old)
        new = trusting(files)
        new.maximum_version = ssl.TLSVersion.TLSv1_2
        assert (await (await lane.browser(new)).ask(get()))[1] == b"ok"
        assert len(lane.app.heads) == 1


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", b"\x16\x03\x01\x00\x05abcde"])
@on_both_loops
async def test_what_is_no_handshake_reaches_nobody(tmp_path: Path, first: bytes) -> None:
    async with listening(entry(pair(tmp_path, "a.example"))) as lane:
        browser = await lane.browser(first=first)
        await asyncio.wait_for(_end(browser.reader), 5)
        await until(lambda: not lane.lane._shared.tasks)
        assert (lane.gate.asked, lane.app.heads, lane.lane.connections) == ([], [], 0)


async def _end(reader: Reader) -> None:
    with contextlib.suppress(ConnectionError):
        await reader.read()


@on_both_loops
async def test_a_handshake_that_does_not_go_on_ends(tmp_path: Path) -> None:
    limits = Limits(head_seconds=0.2)
    async with listening(entry(pair(tmp_path, "a.example")), limits) as lane:
        browser = await lane.browser(first=b"\x16\x03\x01")
        assert await browser.gone()
        await until(lambda: not lane.lane._shared.clients._arriving)


@on_both_loops
async def test_new_files_serve_new_connections_and_old_connections_go_on(tmp_path: Path) -> None:
    files = pair(tmp_path, "a.example")
    async with listening(entry(files)) as lane:
        knows_old = trusting(files)
        before = await lane.browser(knows_old)
        assert (await before.ask(get()))[1] == b"ok"
        knows_new = trusting(pair(tmp_path, "a.example"))
        (watch,) = lane.lane._listeners._certificates
        watch.look()
        assert (await (await lane.browser(knows_new)).ask(get()))[1] == b"ok"
        with pytest.raises(ssl.SSLCertVerificationError):
            await lane.browser(knows_old)
        assert (await before.ask(get()))[1] == b"ok"


@on_both_loops
async def test_new_files_are_found_without_being_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "LOOK_SECONDS", 0.05)
    files = pair(tmp_path, "a.example")
    async with listening(entry(files), Limits(head_seconds=0.4)) as lane:
        knows_new = trusting(pair(tmp_path, "a.example"))
        (watch,) = lane.lane._listeners._certificates
        before = watch.context
        await until(lambda: watch.context is not before)
        assert (await (await lane.browser(knows_new)).ask(get()))[1] == b"ok"


@pytest.mark.parametrize("fault", ["broken", "other-key", "gone", "locked"])
@on_both_loops
async def test_a_pair_that_does_not_fit_changes_nothing_and_is_told_once(
    tmp_path: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    files = pair(tmp_path, "a.example")
    knows = trusting(files)
    async with listening(entry(files)) as lane:
        (watch,) = lane.lane._listeners._certificates
        if fault == "broken":
            files.certificate.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        elif fault == "other-key":
            files.key.write_bytes(pair(tmp_path, "a.example", file="other").key.read_bytes())
        elif fault == "gone":
            files.key.unlink()
        else:
            await _output(
                "openssl", "ec", "-in", str(files.key), "-aes128", "-passout", "pass:x", "-out", str(files.key)
            )
        with caplog.at_level(logging.ERROR):
            watch.look()
            assert caplog.records == []  # a pair is written one file after the other
            for _ in range(3):
                watch.look()
        assert [record.message.startswith("the certificate in use stays: ") for record in caplog.records] == [True]
        assert (await (await lane.browser(knows)).ask(get()))[1] == b"ok"
        knows_new = trusting(pair(tmp_path, "a.example"))
        watch.look()
        assert (await (await lane.browser(knows_new)).ask(get()))[1] == b"ok"


@on_both_loops
async def test_a_pair_written_in_two_steps_is_taken_when_it_is_whole(tmp_path: Path) -> None:
    files = pair(tmp_path, "a.example")
    new = pair(tmp_path, "a.example", file="new")
    async with listening(entry(files)) as lane:
        (watch,) = lane.lane._listeners._certificates
        new.certificate.replace(files.certificate)
        knows_new = trusting(files)
        watch.look()
        new.key.replace(files.key)
        watch.look()
        assert (await (await lane.browser(knows_new)).ask(get()))[1] == b"ok"


@on_both_loops
async def test_a_lane_does_not_begin_with_a_broken_pair(tmp_path: Path) -> None:
    files = pair(tmp_path, "a.example")
    files.key.write_text("x")
    with pytest.raises(PairRefused, match="holds no private key"):
        async with listening(entry(files)):
            pass


@on_both_loops
async def test_a_request_right_behind_the_handshake_is_not_lost(tmp_path: Path) -> None:
    """The browser's last message of the handshake and its first request in one segment."""
    files = pair(tmp_path, "a.example")
    async with listening(entry(files)) as lane:
        reader, writer = await asyncio.open_connection("127.0.0.1", lane.port)
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = trusting(files).wrap_bio(into, out, server_hostname="a.example")
        answer = b""
        async with asyncio.timeout(5):
            while True:
                try:
                    client.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    writer.write(out.read())
                    into.write(await reader.read(65536))
            client.write(get())
            writer.write(out.read())  # Finished and the request at once
            while b"ok" not in answer:
                into.write(await reader.read(65536))
                try:
                    answer += client.read(65536)
                except ssl.SSLWantReadError:
                    continue
        writer.transport.abort()


@on_both_loops
async def test_curl_and_openssl_are_content(tmp_path: Path) -> None:
    files = pair(tmp_path, "a.example")
    async with listening(entry(files)) as lane:
        where = f"https://a.example:{lane.port}/"
        curl = ["curl", "-sS", "--noproxy", "*", "--cacert", str(files.certificate)]
        curl += [
            "--resolve",
            f"a.example:{lane.port}:127.0.0.1",
            "-w",
            "%{http_version} %{num_connects} ",
            where,
            where,
        ]
        assert await _output(*curl) == "ok1.1 1 ok1.1 0 "
        said = await _output(
            "openssl", "s_client", "-connect", f"127.0.0.1:{lane.port}", "-servername", "a.example", "-brief"
        )
        assert "Protocol version: TLSv1.3" in said


async def _output(*command: str) -> str:
    def run() -> str:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False
        )
        return ended.stdout + ended.stderr

    return await asyncio.to_thread(run)


@on_both_loops
async def test_a_browser_that_goes_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.read()

    files = pair(tmp_path, "a.example")
    async with listening(entry(files), behind=RawApp(script)) as lane:
        browser = await lane.browser(trusting(files))
        browser.writer.write(get())
        await until(lambda: lane.app.connections == 1)
        browser.writer.transport.abort()
        await until(lambda: lane.lane.connections == 0 and lane.app.ended == 1)
