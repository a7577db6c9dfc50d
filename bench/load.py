"""wrk as the crowd: what it sends, and what it counted. Its script takes requests from a list that was made before."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from bench.app import LARGE, PUNCH, SMALL, UPLOAD
from bench.browser import HEADERS
from bench.processes import BUILD, Spoiled, pinned, program

CONNECTIONS = 32
ADDRESSES = 25
_HEAD_BYTES = 100  # less than the head of any answer that is wanted
UPLOAD_BYTES = 32 * 1024

_SCRIPT = """
local requests, at = {{}}, 0
for line in io.lines("{requests}") do requests[#requests + 1] = (line:gsub("\\\\r\\\\n", "\\r\\n")) end
local body = string.rep("x", {body})
function init(args) at = math.random(#requests) end
local fresh, mark = {fresh}, 0
function request()
  at = at % #requests + 1
  if not fresh then return requests[at] .. body end
  mark = mark + 1
  return (requests[at]:gsub("from=menu", "from=" .. mark, 1)) .. body
end
{check}
function done(summary, latency, requests)
  local e = summary.errors
  local words = '"requests": %d, "microseconds": %d, "bytes": %d, "errors": %d, "refused": %d, "p50": %d, "p99": %d'
  io.write(string.format("RESULT {{" .. words .. "}}\\n",
    summary.requests, summary.duration, summary.bytes, e.connect + e.read + e.write + e.timeout, e.status,
    latency:percentile(50), latency:percentile(99)))
end
"""
_CHECK = """
function response(status) if status ~= 200 then io.stderr:write("status " .. status .. "\\n"); os.exit(1) end end
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is asked for. `prefix`: the app's place; `size`: bytes of the body that comes back."""

    name: str
    prefix: str
    size: int
    upload: int = 0
    close: bool = False
    fresh: bool = False


SMALL_PAGE = Kind("1 KiB", SMALL, 1024)
LARGE_PAGE = Kind("32 KiB", LARGE, 32 * 1024)
UPLOADED = Kind("32 KiB up", UPLOAD, 6, upload=UPLOAD_BYTES)
CONNECTING = Kind("connection each", SMALL, 1024, close=True)
PUNCHING = Kind("1 KiB, restricted", PUNCH, 1024)
FRESH = Kind("1 KiB, no address twice", SMALL, 1024, fresh=True)


@dataclass(frozen=True, slots=True)
class Count:
    """What wrk saw. Times in seconds."""

    requests: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


def requests(port: int, kind: Kind, cookies: Sequence[str]) -> list[bytes]:
    """Heads of requests as they stand on the wire: every person at every address."""
    return [
        _head(port, kind, f"{kind.prefix}/{1000 + number}/view?tab=2&from=menu", cookie)
        for number, cookie in product(range(ADDRESSES), cookies)
    ]


def _head(port: int, kind: Kind, target: str, cookie: str) -> bytes:
    lines = [f"{'POST' if kind.upload else 'GET'} {target} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    if kind.close:
        lines.append("Connection: close")
    lines += [f"{name}: {value}" for name, value in HEADERS]
    if kind.upload:
        lines += [f"Origin: http://127.0.0.1:{port}", "Content-Type: application/octet-stream"]
        lines.append(f"Content-Length: {kind.upload}")
    lines.append(f"Cookie: {cookie}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def written(name: str, port: int, kind: Kind, cookies: Sequence[str]) -> Path:
    """A list of requests as a file for `run`."""
    BUILD.mkdir(parents=True, exist_ok=True)
    file = BUILD / f"{name}.requests"
    lines = (head.replace(b"\r\n", b"\\r\\n") for head in requests(port, kind, cookies))
    file.write_bytes(b"\n".join(lines) + b"\n")
    return file


def run(file: Path, port: int, kind: Kind, seconds: float, core: int | None, *, check: bool = False) -> Count:
    """Load for so long. `check`: look at every status, which costs wrk too much while something is measured.

    Raises Spoiled when an answer was wrong.
    """
    script = file.with_suffix(".lua")
    text = _SCRIPT.format(
        requests=file, body=kind.upload, fresh="true" if kind.fresh else "false", check=_CHECK if check else ""
    )
    script.write_text(text)
    command = [program("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--timeout", "20s"]
    done = subprocess.run(
        pinned([*command, "-s", str(script), f"http://127.0.0.1:{port}/"], core),
        capture_output=True, text=True, timeout=seconds + 60, check=False,
    )  # fmt: skip
    line = next((one for one in done.stdout.splitlines() if one.startswith("RESULT ")), None)
    if line is None:
        raise Spoiled(f"{file.stem}: {done.stderr[-500:]}{done.stdout[-500:]}")
    return counted(file.stem, kind, json.loads(line.removeprefix("RESULT ")))


def counted(name: str, kind: Kind, result: dict[str, int]) -> Count:
    """What wrk printed as a Count. Raises Spoiled for errors, statuses from 400 on, and bodies that are too small."""
    if result["errors"] or result["refused"]:
        raise Spoiled(f"{name}: {result['errors']} connections failed, {result['refused']} answers were refusals")
    if not result["requests"]:
        raise Spoiled(f"{name}: no answer at all")
    if result["bytes"] < result["requests"] * (kind.size + _HEAD_BYTES):
        raise Spoiled(
            f"{name}: {result['bytes']} bytes in {result['requests']} answers, the body alone has {kind.size}"
        )
    seconds = result["microseconds"] / 1e6
    return Count(result["requests"], seconds, result["p50"] / 1e6, result["p99"] / 1e6)
