"""How apps by https are verified: chain and host name, as a browser would, with the operator's own authority if any."""

from __future__ import annotations

import ssl
from pathlib import Path

from gateway.config.certificates import PairRefused
from gateway.core.apps import UpstreamTls


def upstream_context(tls: UpstreamTls) -> ssl.SSLContext:
    """What connections to an app are made with. Without `ca` the system's authorities count; with it they don't.

    Raises PairRefused, with the file and the remedy. There is no way to switch verification off: whoever could stand
    between us and the app would get every password.
    """
    context = _verifying(tls.ca)
    if tls.certificate:
        try:
            context.load_cert_chain(tls.certificate, tls.key or None, password="")  # asks nobody at a terminal
        except OSError as error:
            what = f"{tls.certificate} and its key can't be used: {_why(error)}"
            raise PairRefused("bad-certificate", what, "Give a chain and its key without a passphrase.") from None
    return context


def _verifying(ca: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca or None)
    except OSError as error:
        what = f"{Path(ca)} can't be used: {_why(error)}"
        raise PairRefused("bad-ca", what, "Give the authorities' certificates in PEM.") from None
    if not context.get_ca_certs() and ca:
        raise PairRefused("bad-ca", f"{Path(ca)} holds no authority", "Give the authorities' certificates in PEM.")
    return context


def _why(error: OSError) -> str:
    reason = getattr(error, "reason", None)
    return str(reason or error.strerror or error)
