"""The certificates of one listener: the right one for each name, and new ones as soon as their files change.

A new pair serves new connections; those that are open go on with the old one. A pair that can't be served changes
nothing, and the log says why.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from gateway.config.certificates import Certificate, PairRefused, read_pair
from gateway.config.settings import TlsPair
from gateway.proxy.sweep import Sweep

_log = logging.getLogger("sekisho.lane")
LOOK_SECONDS = 10.0
_Seen = tuple[tuple[int, int, int], ...]


class Certificates:
    """Contexts by name. The first pair serves every name that no pair is for."""

    def __init__(self, pairs: Sequence[TlsPair], sweep: Sweep) -> None:
        """Raises PairRefused."""
        self._sweep = sweep
        self._pairs = [_Pair(pair) for pair in pairs]
        self._by_name: dict[str, ssl.SSLContext] = {}
        self.context = self._pairs[0].context
        self._arrange()
        self.deadline = sweep.after(LOOK_SECONDS)

    def on_deadline(self) -> None:
        """Look whether the files have changed."""
        self.deadline = self._sweep.after(LOOK_SECONDS)
        self.look()

    def look(self) -> None:
        """Take every pair that is new."""
        changed = [pair.look() for pair in self._pairs]
        if any(changed):
            self._arrange()

    def _arrange(self) -> None:
        by_name: dict[str, ssl.SSLContext] = {}
        for pair in self._pairs:
            for name in pair.certificate.names:
                by_name.setdefault(name, pair.context)
        self._by_name = by_name
        self.context = self._pairs[0].context
        self.context.sni_callback = self._choose

    def _choose(self, shaking: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        """The certificate for a name, as the handshake asks."""
        if name is None:
            return
        name = name.lower()
        found = self._by_name.get(name) or self._by_name.get("*." + name.partition(".")[2])
        if found is not None and found is not shaking.context:
            shaking.context = found


class _Pair:
    """One certificate with its key, and the files as they were when it was read."""

    def __init__(self, files: TlsPair) -> None:
        self._files = files
        self._seen = self._refused = self._signature()
        self.certificate, self.context = read_pair(files)
        self._said: _Seen | None = None
        _tell(files, self.certificate)

    def look(self) -> bool:
        """Whether the files have changed to something that can be served."""
        seen = self._signature()
        if seen == self._seen:
            return False
        try:
            self.certificate, self.context = read_pair(self._files)
        except PairRefused as refused:
            # Certificate and key are written one after the other: it is a fault when it is still one at the next look.
            if self._refused == seen and self._said != seen:
                self._said = seen
                _log.error("the certificate in use stays: %s", refused)
            self._refused = seen
            return False
        self._seen = seen
        _tell(self._files, self.certificate)
        return True

    def _signature(self) -> _Seen:
        return tuple(_stamp(file) for file in (self._files.certificate, self._files.key))


def _stamp(file: Path) -> tuple[int, int, int]:
    try:
        state = file.stat()
    except OSError:
        return 0, 0, 0
    return state.st_mtime_ns, state.st_size, state.st_ino


def _tell(files: TlsPair, certificate: Certificate) -> None:
    until = datetime.fromtimestamp(certificate.until, UTC)
    _log.info("%s: for %s, until %s", files.certificate, ", ".join(certificate.names), f"{until:%Y-%m-%d %H:%M} UTC")
