"""`sekisho serve` with TLS of its own behind a balancer that announces connections: the whole process, from outside."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.processes import free_port
from gateway.config.settings import TlsPair
from gateway.stores.sealing import KeyRing
from tests.harness.echo import EchoApp, Seen
from tests.proxy.certificate_kit import pair, trusting
from tests.sign_in.world import answer

YAML = """
version: 1
listen:
  - 127.0.0.1:{PLAIN}
  - {address: 127.0.0.1:{PORT}, tls: {certificate: server.crt, key: server.key}, proxy_protocol: 127.0.0.1}
public_url: https://login.example/
service: {name: Served}
keys: {file: keys}
stores: {sessions: memory, registry: "sqlite:///registry.db"}
apps:
  legacy:
    upstream: http://127.0.0.1:{UPSTREAM}
    paths: [/]
    sign_in_page: /login
    sign_in: [{path: /login, login_id: {form: user}, success: {status: 302}}]
routes:
  - {path: /login, access: public}
"""


class Legacy(EchoApp):
    """Says who asked, and counts."""

    def __init__(self) -> None:
        super().__init__(self._say)
        self.asked = 0

    def _say(self, seen: Seen) -> bytes:
        self.asked += 1
        return answer(body=b"/".join(value for name, value in seen.headers if name.lower() == b"x-forwarded-for"))


def asked(port: int, files: TlsPair, announced: str = "203.0.113.9") -> bytes:
    """One request over a new connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        if announced:
            plain.sendall(f"PROXY TCP4 {announced} 192.0.2.1 51000 443\r\n".encode())
        with trusting(files).wrap_socket(plain, server_hostname="login.example") as secure:
            secure.sendall(b"GET /login HTTP/1.1\r\nHost: login.example\r\nConnection: close\r\n\r\n")
            return b"".join(iter(lambda: secure.recv(65536), b""))


@contextmanager
def served(folder: Path, upstream: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    KeyRing.generate_file(folder / "keys")
    port = free_port()
    text = YAML.replace("{PORT}", str(port)).replace("{PLAIN}", str(free_port())).replace("{UPSTREAM}", str(upstream))
    (folder / "routes.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "gateway.cli", "serve", str(folder / "routes.yaml")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready https://login.example/\n"
        yield process, port
    finally:
        process.kill()
        process.communicate()


def test_a_browser_behind_a_balancer_comes_by_tls_and_a_new_certificate_is_taken_at_hup(tmp_path: Path) -> None:
    files = pair(tmp_path, "login.example")
    with Legacy() as legacy, served(tmp_path, legacy.port) as (process, port):
        said = asked(port, files)
        assert said.startswith(b"HTTP/1.1 200 ")
        assert said.endswith(b"\r\n\r\n203.0.113.9")
        before = files.certificate.read_bytes()
        pair(tmp_path, "login.example")
        old = pair(tmp_path, file="old")
        old.certificate.write_bytes(before)
        process.send_signal(1)
        for _ in range(100):
            try:
                assert asked(port, files).startswith(b"HTTP/1.1 200 ")
                break
            except ssl.SSLCertVerificationError:
                time.sleep(0.1)
        else:
            raise AssertionError("the new certificate was not taken")
        number = legacy.asked
        for known, announced in ((old, "203.0.113.9"), (files, "")):
            with pytest.raises(OSError, match=r"."):
                asked(port, known, announced)
        assert legacy.asked == number


def test_check_names_a_certificate_that_has_ended_and_one_that_does_not_fit_the_address(tmp_path: Path) -> None:
    pair(tmp_path, "other.example", end=dt.datetime(2021, 1, 1, tzinfo=dt.UTC))
    KeyRing.generate_file(tmp_path / "keys")
    text = YAML.replace("{PORT}", "8443").replace("{PLAIN}", "8080").replace("{UPSTREAM}", "9")
    (tmp_path / "routes.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "gateway.cli", "check", str(tmp_path / "routes.yaml")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0
    assert "browsers refuse it: it is for other.example, not for login.example." in ended.stdout
    assert f"{tmp_path}/server.crt ended on 2021-01-01 00:00 UTC. Put a new one into its place" in ended.stdout
