"""A certificate and its key, read from their files: whose it is, until when, and whether the two fit."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from gateway.config.settings import ListenAddress, TlsPair
from gateway.core.errors import GatewayError

_SUITES = "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2: forward secrecy and AEAD alone
_SOON = 30 * 86400.0


class PairRefused(GatewayError):
    """A pair that can't be served. `code` is a stable word; `in_key`: the fault is the key's."""

    def __init__(self, code: str, what: str, remedy: str, *, in_key: bool = False) -> None:
        super().__init__(f"{what}. {remedy}")
        self.code = code
        self.what = what
        self.remedy = remedy
        self.in_key = in_key


@dataclass(frozen=True, slots=True)
class Certificate:
    """`names`: DNS names in lower case and IP addresses; `until`: Unix seconds."""

    names: tuple[str, ...]
    until: float

    def covers(self, host: str) -> bool:
        """Whether a browser takes it for this host; `*` stands for one label (RFC 6125 6.4.3)."""
        host = host.lower()
        parent = host.partition(".")[2]
        return host in self.names or (bool(parent) and not _is_address(host) and f"*.{parent}" in self.names)


def read_pair(pair: TlsPair) -> tuple[Certificate, ssl.SSLContext]:
    """What the files say, and a context that serves them. Raises PairRefused."""
    from cryptography import x509  # heavy, and only where a listener has TLS

    chain = _bytes_of(pair.certificate, in_key=False)
    key = _bytes_of(pair.key, in_key=True)
    try:
        first = x509.load_pem_x509_certificates(chain)[0]
    except ValueError:
        what, remedy = f"{pair.certificate} holds no certificate in PEM", "Give the full chain, the server's own first."
        raise PairRefused("bad-certificate", what, remedy) from None
    _fit(first.public_key(), key, pair)
    try:
        alternative = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names: tuple[str, ...] = ()
    else:
        names = tuple(name.lower() for name in alternative.get_values_for_type(x509.DNSName))
        names += tuple(str(address) for address in alternative.get_values_for_type(x509.IPAddress))
    return Certificate(names, first.not_valid_after_utc.timestamp()), _context(pair)


def expiring(listen: Iterable[ListenAddress], now: float) -> tuple[str, ...]:
    """A sentence for each certificate that has ended at `now`, or will within a month. What can't be read is told
    elsewhere."""
    found = []
    for pair in dict.fromkeys(pair for address in listen for pair in address.tls):
        try:
            certificate, _ = read_pair(pair)
        except PairRefused:
            continue
        if certificate.until - now < _SOON:
            day = f"{datetime.fromtimestamp(certificate.until, UTC):%Y-%m-%d %H:%M} UTC"
            found.append(f"{pair.certificate} {'ended' if certificate.until < now else 'ends'} on {day}.")
    return tuple(found)


def _bytes_of(file: Path, *, in_key: bool) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        what, remedy = f"{file} can't be read: {error.strerror}", "Relative paths begin at this file's folder."
        raise PairRefused("no-file", what, remedy, in_key=in_key) from None


def _fit(public: object, key: bytes, pair: TlsPair) -> None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(key, password=None)
    except TypeError:
        remedy = "Write it without one, readable for the gateway's user alone."
        raise PairRefused("bad-key", f"{pair.key} needs a passphrase", remedy, in_key=True) from None
    except (ValueError, UnsupportedAlgorithm):
        remedy = "Give the certificate's own key."
        raise PairRefused("bad-key", f"{pair.key} holds no private key in PEM", remedy, in_key=True) from None
    if private.public_key() != public:
        what, remedy = f"{pair.key} is not the key of {pair.certificate}", "Give the two files of one certificate."
        raise PairRefused("key-mismatch", what, remedy, in_key=True)


def _context(pair: TlsPair) -> ssl.SSLContext:
    """TLS 1.2 or later, HTTP/1.1 by ALPN, nothing renegotiated."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_COMPRESSION
    context.set_ciphers(_SUITES)
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(pair.certificate, pair.key)
    except ssl.SSLError as error:
        what = f"OpenSSL does not take {pair.certificate}: {error.reason}"
        raise PairRefused("bad-certificate", what, "Renew it with a key of at least 2048 bits.") from None
    return context


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
