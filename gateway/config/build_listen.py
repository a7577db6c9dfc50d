"""From `listen` entries to addresses with their certificates, tried out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gateway.config.certificates import Certificate, PairRefused, read_pair
from gateway.config.faults import Faults
from gateway.config.model import FileBlock
from gateway.config.model_listen import ListenBlock, TlsBlock
from gateway.config.paths import beside
from gateway.config.settings import ListenAddress, TlsPair


def build_listen(file: FileBlock, folder: Path, faults: Faults) -> tuple[ListenAddress, ...]:
    """The addresses. Every certificate is read: better refused here than in front of browsers."""
    return tuple(_address(entry, file, folder, faults) for entry in file.listen)


def _address(entry: ListenAddress | ListenBlock, file: FileBlock, folder: Path, faults: Faults) -> ListenAddress:
    if isinstance(entry, ListenAddress):
        return entry
    pairs = tuple(_pair(block, folder) for block in entry.tls)
    found = [_tried(block, pair, faults) for block, pair in zip(entry.tls, pairs, strict=True)]
    if pairs and file.public_url.scheme == "http":
        remedy = f"Write https://{file.public_url.host}/, or take tls out."
        faults.add(file.at("public_url"), "plain-http", "it is plain http, and TLS ends here.", remedy)
    whole = [certificate for certificate in found if certificate is not None]
    if len(whole) == len(found) and whole:
        for host in _hosts(file):
            if not any(certificate.covers(host) for certificate in whole):
                names = ", ".join(name for certificate in whole for name in certificate.names) or "nobody"
                what = f"browsers refuse it: it is for {names}, not for {host}."
                faults.warn(entry.at("tls"), "other-name", what, f"Get a certificate for {host}.")
    return replace(entry.address, tls=pairs, proxies=entry.proxy_protocol)


def _hosts(file: FileBlock) -> tuple[str, ...]:
    return tuple(dict.fromkeys((file.public_url.host, *(app.public_host for _, app in file.apps if app.public_host))))


def _pair(block: TlsBlock, folder: Path) -> TlsPair:
    certificate = beside(folder, block.certificate).absolute()
    return TlsPair(certificate, beside(folder, block.key).absolute() if block.key else certificate)


def _tried(block: TlsBlock, pair: TlsPair, faults: Faults) -> Certificate | None:
    try:
        certificate, _ = read_pair(pair)
    except PairRefused as refused:
        place = block.at("key") if refused.in_key and block.key else block.at("certificate")
        faults.add(place, refused.code, f"{refused.what}.", refused.remedy)
        return None
    return certificate
