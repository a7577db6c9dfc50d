"""The app behind every proxy: one nginx worker with a sign-in form, small and large pages, and a place for uploads.

Whoever posts to /login is signed in: what is measured is the way there and back, not the app.
"""

from __future__ import annotations

import http.client
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.processes import Process, free_port, listens, program

SMALL, LARGE, PUNCH, UPLOAD = "/jinji", "/kyuyo", "/dakoku", "/torikomi"
SIZES = {SMALL: 1024, LARGE: 32 * 1024}
SESSION_COOKIE = "JSESSIONID=6F1D0C5B9A2E4738B1C0D9E8F7A6B5C4.node1"  # as long as a servlet container's

_CONFIGURATION = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 2000; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; server_tokens off;
  keepalive_timeout 300s; keepalive_requests 100000000; open_file_cache max=64;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  client_max_body_size 0;
  types {{ text/html html; }} default_type "text/html; charset=UTF-8";
  upstream itself {{ server 127.0.0.1:{port}; keepalive 64; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096; root {folder}/pages;
    add_header Cache-Control "private, no-store"; add_header X-Frame-Options SAMEORIGIN;
    add_header Vary Accept-Encoding;
    location {small}/ {{ rewrite ^ /small break; }}
    location {punch}/ {{ rewrite ^ /small break; }}
    location {large}/ {{ rewrite ^ /large break; }}
    # `return` alone would answer before the body is there, which ordinary apps do not: proxying reads it first.
    location {upload}/ {{
      client_body_buffer_size 64k; proxy_pass http://itself/taken/; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_body ""; proxy_method GET;
    }}
    location /taken/ {{ return 200 "taken\\n"; }}
    location = /login {{
      if ($request_method = POST) {{ return 302 /home; }}
      add_header Set-Cookie "{cookie}; Path=/; HttpOnly"; return 200 "<form method=post>...</form>";
    }}
    location = /home {{ rewrite ^ /small break; }}
    location = /logout {{ return 302 /login; }}
    location = /counted {{ stub_status; }}
  }}
}}
"""


class App:
    """Runs while the block does. `answered` tells how many requests reached it."""

    def __init__(self, core: int | None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sekisho-bench-app-")
        folder = Path(self._folder.name)
        folder.chmod(0o755)  # root's nginx reads its pages as another user
        (folder / "pages").mkdir()
        (folder / "pages" / "small").write_bytes(page(SIZES[SMALL]))
        (folder / "pages" / "large").write_bytes(page(SIZES[LARGE]))
        self.port = free_port()
        self._looks = 0
        configuration = folder / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=folder,
                port=self.port,
                small=SMALL,
                large=LARGE,
                punch=PUNCH,
                upload=UPLOAD,
                cookie=SESSION_COOKIE,
            )
        )
        command = [program("nginx"), "-c", str(configuration), "-p", str(folder)]
        self.process = Process(command, folder / "log", core=core, ready=lambda: listens(self.port))

    def answered(self) -> int:
        """How many requests it has had, without those that looked."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", "/counted")
        words = connection.getresponse().read().split()
        connection.close()
        self._looks += 1
        return int(words[9]) - self._looks  # the third of "accepts handled requests"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.stop()
        self._folder.cleanup()


def page(size: int) -> bytes:
    """HTML of exactly this many bytes."""
    head = b"<!DOCTYPE html><html lang=ja><head><title>jinji</title></head><body><table>\n"
    row = b"<tr><td>0001</td><td>2026-11-02</td><td>08:58</td><td>17:31</td></tr>\n"
    return (head + row * (size // len(row) + 1))[:size]
