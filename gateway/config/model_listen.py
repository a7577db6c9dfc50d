"""`listen`: where browsers, or the proxies in front, come in."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from gateway.config.blocks import Block, Record, block, key
from gateway.config.settings import ListenAddress
from gateway.config.shapes import ListOf, ShortOrLong
from gateway.config.words import FILE, LISTEN, NETWORK


@block
class TlsBlock(Block):
    """listen[].tls"""

    certificate: str = key(FILE, "The certificate's full chain in PEM, the server's own first.")
    key: str = key(FILE, "Its private key in PEM without a passphrase; default: in the certificate's file.", default="")


@block
class ListenBlock(Block):
    """listen[], in its long form"""

    address: ListenAddress = key(LISTEN, "Address and port: 0.0.0.0:443.")
    tls: tuple[TlsBlock, ...] = key(
        ListOf(Record(TlsBlock), one=True, few=1),
        "End TLS here, with this certificate; of several, the one for the name that the browser asks for, else the"
        " first. New files are taken by themselves.",
        default=(),
    )
    proxy_protocol: tuple[IPv4Network | IPv6Network, ...] = key(
        ListOf(NETWORK, one=True, few=1),
        "Load balancers that send a PROXY header (version 1 or 2): nobody else may connect, nor they without one.",
        default=(),
    )


LISTEN_ENTRY = ShortOrLong[ListenAddress | ListenBlock](LISTEN, Record(ListenBlock))
