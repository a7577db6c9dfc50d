"""What a new configuration changes that a running process has opened once."""

from __future__ import annotations

from gateway.config.settings import Configuration


def opened_once(old: Configuration, new: Configuration) -> tuple[str, ...]:
    """Settings that only a new process takes, by their names in the file."""
    pairs = {
        "listen": (_places(old), _places(new)),
        "public_url": (old.public, new.public),
        "keys": (old.keys_file, new.keys_file),
        "stores": (old.stores, new.stores),
    }
    return tuple(name for name, (before, after) in pairs.items() if before != after)


def _places(configuration: Configuration) -> list[tuple[str, int]]:
    """Certificates and who may announce connections can change while the sockets stay."""
    return [(address.host, address.port) for address in configuration.listen]
