"""Reads requests.tsv: TYPE, payload as bytes, note; expands its abbreviations such as "(8200 bytes)"."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("requests.tsv")


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the corpus."""

    line: int
    kind: str
    section: str
    payload: bytes
    note: str

    @property
    def name(self) -> str:
        """A readable, unique test ID."""
        readable = re.sub(r"[^A-Za-z0-9/.;%=&?_-]+", "_", self.payload.decode("latin-1"))[:60]
        return f"{self.line:03}-{self.section}-{readable}"


def decoded(text: str) -> bytes:
    """Payload bytes as the file's convention writes them. Non-Latin text stands for its UTF-8."""
    plain = text.encode("utf-8").decode("latin-1")
    return plain.encode("latin-1").decode("unicode_escape").encode("latin-1")


def expanded(payload: bytes) -> bytes:
    """Write out what the file abbreviates."""
    payload = payload.replace(b"BIG(8100 bytes)", b"B" * 8100).replace(b"(8200 bytes)", b"b" * 8200)
    payload = payload.replace(b"(129 header lines)", b"\r\n".join(b"X-Line-%d: v" % number for number in range(129)))
    payload = payload.replace(b"deflate(id=2)", zlib.compress(b"id=2"))
    return payload.replace(b"...(1000 params)...", b"&".join(b"a%d=1" % number for number in range(1, 1000)))


def read() -> list[Case]:
    """Every line of the corpus, in order."""
    cases = []
    section = ""
    for number, text in enumerate(FILE.read_text(encoding="utf-8").splitlines(), start=1):
        heading = re.match(r"# --- ([A-Z]\d+)\.", text)
        if heading:
            section = heading.group(1)
        if text.startswith("#") or not text.strip():
            continue
        kind, payload, *note = text.split("\t")
        raw = payload.encode() if kind == "S" else expanded(decoded(payload))
        cases.append(Case(number, kind, section, raw, " ".join(note).strip()))
    return cases


def of_kind(kind: str) -> list[Case]:
    """The cases of one TYPE."""
    return [case for case in read() if case.kind == kind]
