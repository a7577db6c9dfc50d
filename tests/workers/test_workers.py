"""`sekisho serve --workers`: nothing is lost while processes come and go."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from bench.processes import free_port
from gateway.stores.sealing import KeyRing
from tests.harness.gateway import MovableClock
from tests.harness.person import Person, csrf_of
from tests.proxy.lane_kit import Reader, Writer, read_body, until
from tests.workers.load import CLIENTS, Load
from tests.workers.served import SECONDS, YAML, Legacy, Served, alive, served

NAMES = ["pages", "worker 1", "worker 2", "worker 3"]


@asynccontextmanager
async def world(folder: Path, redis: str, workers: int = 3) -> AsyncIterator[tuple[Served, Legacy]]:
    """Blocking parts run in threads: the app and the clients are on this loop."""
    legacy = Legacy()
    gateway = served(folder, await legacy.start(), redis, workers)
    made = await asyncio.to_thread(gateway.__enter__)
    try:
        yield made, legacy
    finally:
        legacy.go_on.set()
        await asyncio.to_thread(gateway.__exit__, None, None, None)
        legacy.stop()


async def sign_in(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    form = b"login_id=A00020001&password=x"
    head = f"POST /login HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded"
    writer.write(head.encode() + b"\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(form) + form)
    head_line = (await reader.read()).partition(b"\r\n\r\n")[0]
    writer.close()
    assert head_line.startswith(b"HTTP/1.1 302 ")
    cookies = [line.split(b": ")[1].split(b";")[0] for line in head_line.split(b"\r\n") if line.startswith(b"Set-C")]
    return b"; ".join(cookies)


async def done(work: Callable[[], object]) -> None:
    await asyncio.to_thread(work)


async def test_of_ten_thousand_requests_none_is_lost_or_wrong_while_workers_come_and_go(
    tmp_path: Path, empty_redis_url: str
) -> None:
    async with world(tmp_path, empty_redis_url) as (gateway, _):
        first = gateway.children()
        assert sorted(first) == NAMES
        load = Load(gateway.port, await sign_in(gateway.port), 10_000)
        running = asyncio.create_task(load.run())

        await load.until(300)
        gateway.process.send_signal(signal.SIGUSR2)
        await done(lambda: gateway.said("every process is a new one"))
        renewed = gateway.children()
        assert sorted(renewed) == NAMES
        assert not {*renewed.values()} & {*first.values()}
        await load.until(load.answered + 300)
        os.kill(renewed["worker 1"], signal.SIGTERM)
        await done(lambda: gateway.said("worker 1 is replaced"))
        assert gateway.children()["worker 1"] != renewed["worker 1"]
        await load.until(load.answered + 300)
        gateway.reload(gateway.text + "  - {path: /more, access: public}\n")
        await done(lambda: gateway.said("is in force"))
        gateway.reload(gateway.text.replace("access", "acess"))
        await done(lambda: gateway.said("Did you mean 'access'?"))

        load.finish()
        await asyncio.wait_for(running, 300)
        assert (load.lost, load.wrong) == ([], [])
        assert load.answered >= 10_000
        assert load.connections < load.answered / 5  # most requests came over a connection that had been used
        assert (await asyncio.to_thread(gateway.ask, "/more")).status == 200  # the file with faults changed nothing

        await the_killed_one_takes_only_its_own_along(gateway)

        children = gateway.children().values()
        gateway.process.kill()
        await until(lambda: not any(map(alive, children)), SECONDS)  # nobody stays behind without a supervisor


async def the_killed_one_takes_only_its_own_along(gateway: Served) -> None:
    """Who is under way in a process that is killed is lost; nobody else is, and its place is taken again."""
    load = Load(gateway.port, await sign_in(gateway.port), 1_000)
    running = asyncio.create_task(load.run())
    await load.until(300)
    before = gateway.children()
    os.kill(before["worker 2"], signal.SIGKILL)
    os.kill(before["pages"], signal.SIGKILL)
    await done(lambda: gateway.said("was ended by SIGKILL", 2))
    await done(lambda: gateway.said("worker 2 is replaced"))
    await done(lambda: gateway.said("pages is replaced"))
    load.finish()
    await asyncio.wait_for(running, 300)
    after = gateway.children()
    assert sorted(after) == NAMES
    assert {name for name in NAMES if before[name] != after[name]} == {"worker 2", "pages"}
    assert len(load.lost) <= CLIENTS, load.lost  # not more than one request of each client was under way
    assert not [one for one in load.wrong if b" 502 ".decode() not in one], load.wrong  # a page that was being made


async def test_two_workers_from_sign_in_over_new_processes_for_a_new_address_to_the_stop(
    tmp_path: Path, empty_redis_url: str
) -> None:
    async with world(tmp_path, empty_redis_url, 2) as (gateway, legacy):
        await done(partial(a_session_is_one_in_every_process_and_a_reset_on_a_page_ends_it_in_all, gateway.port))
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        await ask(reader, writer, gateway.port, "/open/old")
        before, second = gateway.children(), free_port()
        taken = socket.create_server(("127.0.0.1", 0), reuse_port=True)
        other = f"127.0.0.1:{taken.getsockname()[1]}"
        with taken:
            changes = (f'"{empty_redis_url}"', "memory"), (f"127.0.0.1:{gateway.port}", other)
            for times, change in enumerate(changes, 1):
                gateway.reload(gateway.text.replace(*change, 1))
                await done(partial(gateway.said, "the running configuration stays", times))
        assert gateway.children() == before
        both = f"listen: [127.0.0.1:{second}, 127.0.0.1:{gateway.port}]"
        gateway.reload(gateway.text.replace(f"listen: 127.0.0.1:{gateway.port}", both))
        await done(lambda: gateway.said("is in force"))
        assert not {*gateway.children().values()} & {*before.values()}
        assert await reader.read() == b""  # nobody stays under the old configuration

        slow = await asyncio.open_connection("127.0.0.1", second)
        silent = await asyncio.open_connection("127.0.0.1", gateway.port)
        slow[1].write(f"GET /open/slow HTTP/1.1\r\nHost: 127.0.0.1:{gateway.port}\r\n\r\n".encode())
        count = legacy.requests
        await until(lambda: legacy.requests > count)
        children = gateway.children()
        gateway.process.send_signal(signal.SIGTERM)
        while b"Connection: close" not in await ask(*silent, gateway.port, "/open/2"):  # noqa: ASYNC110 - its answers
            await asyncio.sleep(0.05)  # are how a client hears of it
        while await connects(gateway.port) or await connects(second):  # noqa: ASYNC110 - nobody waits where nobody comes
            await asyncio.sleep(0.05)
        legacy.go_on.set()
        head = await slow[0].readuntil(b"\r\n\r\n")
        assert b"Connection: close" in head
        assert (await read_body(slow[0], head)).startswith(b"GET /open/slow ")
        assert await asyncio.to_thread(gateway.process.wait, 40) == 0
        assert not any(map(alive, children.values()))
        for one in (writer, slow[1], silent[1]):
            one.close()


async def connects(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return False
    writer.close()
    return True


def a_session_is_one_in_every_process_and_a_reset_on_a_page_ends_it_in_all(port: int) -> None:
    """Sign-in is a worker's, the pages are another process's, which asks the app about the password itself."""
    person = Person(port, f"127.0.0.1:{port}", f"http://127.0.0.1:{port}", MovableClock())
    person.full("B0000011")
    again = [person.get("/own").status for _ in range(16)]  # each on a connection of its own, so at either worker
    assert set(again) == {200}
    csrf = csrf_of(person.page("/.sekisho/reset"))
    cookies = dict(person.cookies)
    answer = person.post("/.sekisho/reset", {"csrf": csrf, "password": "demo"})
    assert (answer.status, answer.header("location")) == (303, "/.sekisho/reset/done?app=legacy")
    person.cookies = cookies
    time.sleep(1.0)  # the rule of the session stores; a channel that works is faster
    assert {person.ask("GET", "/own", None, "Sec-Fetch-Mode: cors").status for _ in range(16)} == {401}


async def ask(reader: Reader, writer: Writer, port: int, path: str) -> bytes:
    """The head of the answer."""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    await read_body(reader, head)
    return head


REDIS = "redis://127.0.0.1:1/0"  # nobody answers there; nobody asks before somebody signs in


def refused(folder: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """How `serve --workers 2` ends that can't begin."""
    text = YAML.replace("{PORT}", str(free_port())).replace("{UPSTREAM}", "9").replace("{SESSIONS}", REDIS)
    for old, new in changes.items():
        text = re.sub(rf"{old}: \S+?(?=[,}}\n])", f"{old}: {new}", text, count=1)
    (folder / "routes.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "gateway.cli", "serve", str(folder / "routes.yaml"), "--workers", "2"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
    return ended


def test_sessions_in_memory_are_refused_with_the_remedy(tmp_path: Path) -> None:
    ended = refused(tmp_path, sessions="memory")
    assert ended.returncode == 1
    assert "stores: {sessions: redis://127.0.0.1:6379/0}, or leave --workers out" in ended.stderr


def test_an_address_that_another_program_has_is_not_shared_with_it(tmp_path: Path) -> None:
    KeyRing.generate_file(tmp_path / "keys")
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        ended = refused(tmp_path, listen=f"127.0.0.1:{taken.getsockname()[1]}")
    assert ended.returncode == 1
    assert "in use" in ended.stderr


def test_what_keeps_every_process_from_starting_ends_the_supervisor_with_its_words_once(tmp_path: Path) -> None:
    ended = refused(tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.count("sekisho keys init") == 1 + 1  # a warning of the file's, and the reason
    KeyRing.generate_file(tmp_path / "keys")
    ended = refused(tmp_path, registry="postgresql://u@127.0.0.1:1/x")
    assert ended.returncode == 3
    assert ended.stderr.count("registry did not answer") == 1
