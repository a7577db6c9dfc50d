"""Uploads and downloads of any size in flat memory: the lane in its own process, curl in front, a sink behind.

`STREAMED=2147483648 pytest tests/proxy/test_gigabytes.py` sends two gibibytes instead of an eighth of one.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.proxy.lane_kit import RawApp, Reader, Writer

SIZE = int(os.environ.get("STREAMED", str(128 << 20)))
FLAT = 32 << 20
ROOT = Path(__file__).parents[2]
BLOCK = bytes(1 << 18)


def sink() -> RawApp:
    """Counts uploads, and gives downloads."""

    async def script(reader: Reader, writer: Writer) -> None:
        while True:
            head = await made.head(reader)
            if head.startswith(b"GET "):
                await _give(writer, chunked=b"/chunked" in head)
                continue
            taken = await (_chunks(reader) if b"chunked" in head else _length(reader, head))
            body = str(taken).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    made = RawApp(script)
    return made


async def _length(reader: Reader, head: bytes) -> int:
    found = re.search(rb"(?i)content-length: (\d+)", head)
    assert found is not None
    left = size = int(found[1])
    while left:
        left -= len(await reader.read(min(left, 1 << 20)))
    return size


async def _chunks(reader: Reader) -> int:
    total = 0
    while size := int((await reader.readline()).split(b";")[0], 16):
        left = size + 2
        while left:
            left -= len(await reader.read(min(left, 1 << 20)))
        total += size
    await reader.readline()
    return total


async def _give(writer: Writer, *, chunked: bool) -> None:
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % SIZE
    writer.write(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % framing)
    for _ in range(SIZE // len(BLOCK)):
        writer.write(b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK) if chunked else BLOCK)
        await writer.drain()
    writer.write(b"0\r\n\r\n" if chunked else b"")


class Process:
    """The lane's process."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._pid = process.pid
        self.url = f"http://127.0.0.1:{port}"

    def most_memory(self) -> int:
        """Bytes of real memory that it has ever had at once."""
        status = Path(f"/proc/{self._pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) << 10


@asynccontextmanager
async def lane() -> AsyncIterator[Process]:
    app = sink()
    command = (sys.executable, "-m", "tests.proxy.lane_process", str(await app.start()))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Process(process, int(await process.stdout.readline()))
    finally:
        process.stdin.close()
        await process.wait()
        await app.stop()


async def curl(*words: str) -> str:
    command = ("curl", "--silent", "--show-error", "--max-time", "300", "-H", "Expect:", *words)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


@pytest.mark.alone
async def test_long_bodies_pass_in_flat_memory(tmp_path: Path) -> None:
    sparse = tmp_path / "zeros"
    with sparse.open("wb") as file:
        file.truncate(SIZE)
    async with lane() as process:
        small = tmp_path / "small"
        small.write_bytes(bytes(1 << 20))
        assert await curl("-T", str(small), process.url) == str(1 << 20)
        before = process.most_memory()
        assert await curl("-T", str(sparse), process.url) == str(SIZE)
        assert await curl("-T", str(sparse), "-H", "Transfer-Encoding: chunked", process.url) == str(SIZE)
        for target in ("/length", "/chunked"):
            sent = await curl("-o", "/dev/null", "-w", "%{size_download}", process.url + target)
            assert sent == str(SIZE)
        assert process.most_memory() - before < FLAT
