"""What a new configuration changes that a running process has opened once."""

from __future__ import annotations

from gateway.config.settings import Configuration


def opened_once(old: Configuration, new: Configuration) -> tuple[str, ...]:
    """Settings that only a new process takes, by their names in the file."""
    pairs = {
        "listen": (old.listen, new.listen),
        "public_url": (old.public, new.public),
        "keys": (old.keys_file, new.keys_file),
        "stores": (old.stores, new.stores),
    }
    return tuple(name for name, (before, after) in pairs.items() if before != after)
