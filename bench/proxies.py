"""The proxies that Sekisho is compared with, each in front of the same app, on one core, with connections kept open."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.app import SESSION_COOKIE
from bench.browser import OTHER_COOKIES
from bench.gateway import Gateway
from bench.processes import BUILD, Missing, Process, free_port, listens, program

PLAIN_COOKIES = (f"{SESSION_COOKIE}; {OTHER_COOKIES}",)

_NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 2000; }}
http {{
  access_log off; tcp_nodelay on; server_tokens off; keepalive_timeout 300s; keepalive_requests 100000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; client_max_body_size 0;
  upstream app {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 100000000; keepalive_timeout 300s; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://app; proxy_http_version 1.1; proxy_request_buffering off;
      proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }}
  }}
}}
"""
_HAPROXY = """
global
  nbthread 1
  maxconn 5000
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  option forwardfor
  http-reuse always
listen app
  bind 127.0.0.1:{port}
  server app 127.0.0.1:{upstream}
"""
_GO = """package main

import ("net/http"; "net/http/httputil"; "net/url"; "os")

func main() {
	app, _ := url.Parse(os.Args[2])
	proxy := httputil.NewSingleHostReverseProxy(app)
	proxy.Transport = &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256, DisableCompression: true}
	panic(http.ListenAndServe(os.Args[1], proxy))
}
"""


@dataclass(slots=True)
class Proxy:
    """One that runs. `cookies`: the Cookie headers that go through it; `name`: of the list of requests."""

    name: str
    port: int
    process: Process
    cookies: Sequence[str] = PLAIN_COOKIES
    _ends: list[Callable[[], None]] = field(default_factory=list)

    def stop(self) -> None:
        """End it and forget its folder."""
        for end in self._ends:
            end()


Start = Callable[[int, int], Proxy]  # (the app's port, the core)


def nginx(upstream: int, core: int) -> Proxy:
    """One worker, `proxy_pass`, connections to the app kept open."""
    return _configured("nginx", [program("nginx"), "-c", "{file}", "-p", "{folder}"], _NGINX, upstream, core)


def haproxy(upstream: int, core: int) -> Proxy:
    """One thread, connections to the app shared."""
    return _configured("haproxy", [program("haproxy"), "-f", "{file}"], _HAPROXY, upstream, core)


def _configured(name: str, command: list[str], text: str, upstream: int, core: int) -> Proxy:
    stack = ExitStack()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sekisho-bench-proxy-")))
    folder.chmod(0o755)
    port, file = free_port(), folder / "configuration"
    file.write_text(text.format(folder=folder, port=port, upstream=upstream))
    words = [word.format(file=file, folder=folder) for word in command]
    process = stack.enter_context(Process(words, folder / "log", core=core, ready=lambda: listens(port)))
    return Proxy(name, port, process, _ends=[stack.close])


def go(upstream: int, core: int) -> Proxy:
    """Go's own reverse proxy, the engine of several peers, with nothing around it. Raises Missing."""
    port = free_port()
    command = [str(built_go_proxy()), f"127.0.0.1:{port}", f"http://127.0.0.1:{upstream}"]
    process = Process(command, BUILD / "go" / "log", core=core, ready=lambda: listens(port))
    return Proxy("go", port, process, _ends=[process.stop])


def built_go_proxy() -> Path:
    """The program, built when it is not there yet. Raises Missing where there is no Go."""
    folder = BUILD / "go"
    source, built = folder / "main.go", folder / "proxy"
    folder.mkdir(parents=True, exist_ok=True)
    if built.exists() and source.exists() and source.read_text() == _GO:
        return built
    source.write_text(_GO)
    words = [program("go"), "build", "-o", str(built), str(source)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"go build failed: {done.stderr[-500:]}")
    return built


def has_go() -> bool:
    """Whether Go is there; it is never installed for this."""
    try:
        program("go")
    except Missing:
        return False
    return True


def sekisho(people: int, *, sessions: str = "memory", restricted: bool = False, name: str = "sekisho") -> Start:
    """Sekisho with so many people signed in, full or restricted."""

    def start(upstream: int, core: int) -> Proxy:
        gateway = Gateway(upstream, core, sessions=sessions)
        try:
            cookies = gateway.restricted_cookies(people) if restricted else gateway.full_cookies(people)
        except BaseException:
            gateway.__exit__(None, None, None)
            raise
        return Proxy(name, gateway.port, gateway.process, cookies, [lambda: gateway.__exit__(None, None, None)])

    return start
