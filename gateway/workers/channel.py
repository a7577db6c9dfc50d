"""Messages between the supervisor and one of its processes: a JSON object a line, over a pair of sockets.

The supervisor says `start`, `take`, `leave`; a process says `failed` or `ready`, then `answer` to what it was to take,
`leaving`, and every few seconds `alive`. When either end is closed, its owner is gone: processes whose supervisor has
died finish what is under way and end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import Any

Message = dict[str, Any]
_LONGEST = 256 << 20  # a configuration with a hundred thousand tenants goes through here


class Channel:
    """One end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Channel:
        """Take this end over."""
        return cls(*await asyncio.open_unix_connection(sock=end, limit=_LONGEST))

    def say(self, word: str, **more: object) -> None:
        """Send a message; whoever is gone does not hear it."""
        if not self._writer.is_closing():
            self._writer.write(json.dumps({"word": word, **more}).encode() + b"\n")

    async def said(self) -> None:
        """Return when all of it has been handed to the kernel or the other side is gone."""
        with contextlib.suppress(OSError):
            await self._writer.drain()

    async def hear(self) -> Message | None:
        """The next message; None: the other side is gone."""
        try:
            line = await self._reader.readline()
        except (OSError, ValueError):
            return None
        message: Message | None = json.loads(line) if line.endswith(b"\n") else None
        return message

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
