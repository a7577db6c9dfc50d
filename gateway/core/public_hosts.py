"""Which Host names mean this gateway (R-105): an app that believes a foreign one writes it into mails and redirects."""

from __future__ import annotations

from gateway.core.messages import Headers, header_values

_LOOPBACK = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})


class PublicHosts:
    """The public address's host, in any case, with its port (which may be left out where it is the scheme's own).

    An address on loopback is somebody trying things out: there every loopback name and port is this machine.
    """

    def __init__(self, scheme: str, host: str, port: int) -> None:
        name = (f"[{host}]" if ":" in host else host).lower()
        self._loopback = name.encode() in _LOOPBACK
        standard = port == (443 if scheme == "https" else 80)
        self._ours = frozenset({f"{name}:{port}".encode(), *([name.encode()] if standard else [])})
        self._origin = f"{scheme}://{name}{'' if standard else f':{port}'}".encode()

    def ours(self, host: bytes) -> bool:
        """Whether a Host header's value names this gateway."""
        if host in self._ours:
            return True
        host = host.lower()
        if self._loopback:
            name, colon, port = host.rpartition(b":")
            return (name if colon and port.isdigit() else host) in _LOOPBACK
        return host in self._ours

    def handshake(self, headers: Headers) -> bool | None:
        """Whether a page of ours (or a program) asks for an upgrade; None: nobody does. False: another site's page
        does: browsers send cookies along and apps seldom look (R-131)."""
        upgrades = False
        origin = None
        for name, value in headers:
            if len(name) == 7 and name.lower() == b"upgrade":
                upgrades = True
            elif len(name) == 6 and name.lower() == b"origin":
                origin = value
        return (origin is None or origin.lower() == self._origin) if upgrades else None

    def own_form(self, headers: Headers) -> bool:
        """Whether a form was sent from a page of ours, as far as the browser says (R-065, R-121).

        Fetch metadata is the browser's word; without it Origin must name this gateway. Programs and very old
        browsers send neither.
        """
        sites = header_values(headers, b"sec-fetch-site")
        if sites:
            return all(site in (b"same-origin", b"none") for site in sites)
        origins = header_values(headers, b"origin")
        return all(self._our_origin(origin) for origin in origins)

    def _our_origin(self, origin: bytes) -> bool:
        scheme, mark, host = origin.lower().partition(b"://")
        return origin.lower() == self._origin or (
            self._loopback and mark == b"://" and self.ours(host) and bool(scheme)
        )
