"""Certificates for tests, and the client's side of TLS."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from gateway.config.settings import TlsPair

BEGIN = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
END = dt.datetime(2120, 1, 1, tzinfo=dt.UTC)


def pair(
    folder: Path, *names: str, file: str = "server", end: dt.datetime = END, key: rsa.RSAPrivateKey | None = None
) -> TlsPair:
    """A self-signed certificate for these names or addresses, and its key, each in a file."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, file)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    if names:
        made = made.add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
    signed = made.sign(own, hashes.SHA256())
    files = TlsPair(folder / f"{file}.crt", folder / f"{file}.key")
    files.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    files.key.write_bytes(own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return files


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def trusting(*pairs: TlsPair) -> ssl.SSLContext:
    """A browser that knows these issuers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for files in pairs:
        context.load_verify_locations(files.certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context
