"""Stands between two ends and keeps every byte of both directions, a stream per connection.

    browser ── Recorder ── gateway ── Recorder ── app

The first shows what a browser could ever have read, the second which cookie values the app handed out.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote, unquote

from tests.harness.wire import WireAnswer, answers


@dataclass(slots=True)
class Passage:
    """One connection: `asked` towards the server, `answered` towards the client."""

    asked: bytearray = field(default_factory=bytearray)
    answered: bytearray = field(default_factory=bytearray)

    def answers(self) -> list[WireAnswer]:
        """The answers of this connection, taken apart with the request methods in order."""
        methods = [line.split(b" ")[0].decode("latin-1") for line in request_lines(bytes(self.asked))]
        return answers(bytes(self.answered), methods)


def request_lines(stream: bytes) -> list[bytes]:
    """Lines that look like an HTTP/1.1 request line, in order."""
    return [line for line in stream.split(b"\r\n") if line.endswith(b" HTTP/1.1") and line.count(b" ") == 2]


class Recorder:
    """Context manager: a TCP relay from `port` (free if 0) to a local port."""

    def __init__(self, target_port: int, port: int = 0) -> None:
        self._target = target_port
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.passages: list[Passage] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Without this the thread stays in accept(), and goes on with whatever listener gets the same descriptor next.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            passage = Passage()
            self.passages.append(passage)
            threading.Thread(target=_relay_both, args=(client, server, passage), daemon=True).start()

    def answers(self) -> list[WireAnswer]:
        """Every answer that passed."""
        return [answer for passage in list(self.passages) for answer in passage.answers()]

    def cookies_set(self) -> set[str]:
        """Every cookie value that an answer set, but for deletions."""
        found = set()
        for answer in self.answers():
            for line in answer.all("set-cookie"):
                value = line.split(";", 1)[0].partition("=")[2].strip('" ')
                if value and value != "deleted":
                    found.add(value)
        return found


def _relay_both(client: socket.socket, server: socket.socket, passage: Passage) -> None:
    up = threading.Thread(target=_relay, args=(client, server, passage.asked), daemon=True)
    up.start()
    _relay(server, client, passage.answered)
    up.join()
    client.close()
    server.close()


def _relay(source: socket.socket, sink: socket.socket, record: bytearray) -> None:
    try:
        while data := source.recv(65536):
            record.extend(data)
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def spellings(value: str) -> set[bytes]:
    """A secret as it might be hidden in bytes: raw, percent-encoded and decoded, base64 at each alignment."""
    raw = value.encode("latin-1")
    found = {raw, quote(value, safe="").encode(), unquote(value).encode("utf-8", "surrogateescape")}
    for plain in list(found):
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + plain)
            # The first and last group also carry neighbouring bytes; what lies between is the secret alone.
            found |= {coded[4:-4], coded[4:-4].translate(bytes.maketrans(b"+/", b"-_"))}
    return {spelling for spelling in found if len(spelling) >= 6}


def leaks(recorder: Recorder, secrets: set[str]) -> list[str]:
    """Where a secret occurs in what the client of `recorder` received: raw streams, and bodies without coding."""
    streams = [bytes(passage.answered) for passage in list(recorder.passages)]
    bodies = [(answer.head, answer.decoded_body()) for answer in recorder.answers()]
    wanted = [spelling for secret in sorted(secrets) for spelling in sorted(spellings(secret))]
    found = [f"{spelling!r} in a raw stream" for spelling in wanted for stream in streams if spelling in stream]
    found += [
        f"{spelling!r} in the body of {head[:200]!r}"
        for spelling in wanted
        for head, body in bodies
        if spelling in body
    ]
    return found
