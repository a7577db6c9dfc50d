"""What a process is started with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.config.faults import Faults
from gateway.config.loading import load_bytes
from gateway.config.settings import Configuration
from gateway.core.errors import GatewayError


class NotShared(GatewayError):
    """Something that the configuration names can't be used by several processes."""


@dataclass(frozen=True, slots=True)
class Order:
    """A configuration file as it was read once: a process that is started later gets the text that is in force,
    whatever stands in the file by then. `text` has undecodable bytes as surrogates."""

    file: Path
    text: str
    configuration: Configuration

    @classmethod
    def of(cls, file: Path, text: str) -> Order:
        """Raises ConfigRefused."""
        data = text.encode("utf-8", "surrogateescape")
        return cls(file, text, load_bytes(data, file.parent, Faults(str(file)))[0])


def text_of(file: Path) -> str:
    """What stands in a file now. Raises OSError."""
    return file.read_bytes().decode("utf-8", "surrogateescape")


def refuse_unshared(configuration: Configuration) -> None:
    """Raise NotShared unless several processes can work under this configuration. An SQLite registry they can share:
    it is one file on one machine, and SQLite locks it."""
    if configuration.stores.sessions == "memory":
        raise NotShared(
            "stores.sessions is memory, which is one process's own: with several workers somebody who signed in at one "
            "would be a stranger to the others. Write a Redis that they share, such as "
            "stores: {sessions: redis://127.0.0.1:6379/0}, or leave --workers out."
        )
