"""Which part of a gateway a process is."""

from __future__ import annotations

import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """What of a gateway this process is; by default all of it. With several workers the pages, and the work beside
    requests (roster, retention), are a process of their own.

    `lane`, `pages`: whether they are here. `address`: the UNIX socket where the process with the pages listens;
    `listening`: that socket, in the process with the pages.
    """

    lane: bool = True
    pages: bool = True
    address: str = ""
    listening: socket.socket | None = None


WHOLE = Part()
