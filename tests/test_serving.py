"""`sekisho serve` as a process: what it says, how it takes a new file, how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bench.processes import free_port
from gateway.stores.sealing import KeyRing
from tests.harness.echo import EchoApp, Seen
from tests.harness.wire import exchange
from tests.sign_in.world import answer

YAML = """
version: 1
listen: 127.0.0.1:{PORT}
public_url: http://127.0.0.1:{PORT}/
service: {name: Served}
keys: {file: keys}
stores: {sessions: memory, registry: "sqlite:///registry.db"}
apps:
  legacy:
    upstream: http://127.0.0.1:{UPSTREAM}
    paths: [/]
    sign_in_page: /login
    sign_in: [{path: /login, login_id: {form: user}, success: {status: 302}}]
    sign_out: [{path: /logout}]
routes:
  - {path: /login, access: public}
"""


def app(seen: Seen) -> bytes:
    if seen.target == b"/slow":
        time.sleep(1.0)
    return answer(body=seen.target)


class Served:
    """The process with its file."""

    def __init__(self, folder: Path, upstream: int) -> None:
        self.port = free_port()
        self.file = folder / "routes.yaml"
        self.text = YAML.replace("{PORT}", str(self.port)).replace("{UPSTREAM}", str(upstream))
        self.file.write_text(self.text, encoding="utf-8")
        command = [sys.executable, "-m", "gateway.cli", "serve", str(self.file)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ready(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def status(self, path: str, *lines: str) -> int:
        head = "\r\n".join([f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: close", *lines])
        return exchange(self.port, head.encode() + b"\r\n\r\n").status

    def reload(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")
        self.process.send_signal(signal.SIGHUP)

    def until(self, path: str, status: int) -> None:
        for _ in range(100):
            if self.status(path) == status:
                return
            time.sleep(0.1)
        raise AssertionError(f"{path} never answered {status}")

    def said(self) -> str:
        """Everything on stderr, once it has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read()


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    KeyRing.generate_file(folder / "keys")
    with EchoApp(app) as legacy:
        made = Served(folder, legacy.port)
        try:
            yield made
        finally:
            made.process.kill()
            made.process.communicate()


def test_a_new_file_is_taken_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    with served(tmp_path) as gateway:
        assert gateway.ready() == f"ready http://127.0.0.1:{gateway.port}/\n"
        assert gateway.status("/extra") == 401
        gateway.reload(gateway.text + "  - {path: /extra, access: public}\n")
        gateway.until("/extra", 200)
        gateway.reload(gateway.text.replace("access", "acess"))
        gateway.reload(gateway.text.replace("acess", "access").replace("sessions: memory", "sessions: redis://x/0"))
        time.sleep(1.0)
        assert gateway.status("/extra") == 200
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(20) == 0
        said = gateway.said()
        assert "Did you mean 'access'?" in said or "restart the gateway for a new stores" in said


def test_term_lets_what_is_under_way_finish(tmp_path: Path) -> None:
    with served(tmp_path) as gateway:
        gateway.ready()
        gateway.reload(gateway.text + "  - {path: /slow, access: public}\n")
        gateway.until("/slow", 200)
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(gateway.status, "/slow")
            time.sleep(0.4)
            gateway.process.send_signal(signal.SIGTERM)
            assert asking.result(20) == 200
        assert gateway.process.wait(20) == 0


def test_a_missing_key_file_is_said_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "routes.yaml").write_text(
        YAML.replace("{PORT}", str(free_port())).replace("{UPSTREAM}", "9"), encoding="utf-8"
    )
    command = [sys.executable, "-m", "gateway.cli", "serve", str(tmp_path / "routes.yaml")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "sekisho keys init" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_port_is_said_with_the_remedy(tmp_path: Path) -> None:
    KeyRing.generate_file(tmp_path / "keys")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        text = YAML.replace("{PORT}", port).replace("{UPSTREAM}", "9")
        (tmp_path / "routes.yaml").write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "gateway.cli", "serve", str(tmp_path / "routes.yaml")]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "Address already in use" in ended.stderr
    assert "write another port" in ended.stderr
    assert "Traceback" not in ended.stderr
