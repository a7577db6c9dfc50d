"""What an authenticator app reads: the otpauth address, the QR code of it, the key as text."""

from __future__ import annotations

import io
from urllib.parse import quote

import segno
from markupsafe import Markup

QUIET_ZONE = 4  # modules; ISO/IEC 18004 asks for four, and less is why codes are "cut off"


def otpauth_uri(secret: str, login_id: str, issuer: str) -> str:
    """The address of a TOTP secret. `secret` is base32.

    Issuer stands in the label and as parameter, alike. Every reserved byte is percent-encoded, spaces as %20: some
    apps show a `+` as it stands. Algorithm, digits and period are the defaults, which some apps refuse to read.
    """
    label = f"{quote(issuer, safe='')}:{quote(login_id, safe='')}"
    return f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer, safe='')}"


def qr_svg(uri: str, label: str) -> Markup:
    """The QR code as SVG for a page: dark on light whatever the theme, with its quiet zone inside the picture.

    Inside the page rather than fetched apart, so that code and key are always those of one secret.
    """
    # A screen does not get dirty: the lowest error level gives the largest modules (segno raises it when it is free).
    code = segno.make(uri, error="l", micro=False)
    width, height = code.symbol_size(border=QUIET_ZONE)
    drawing = io.BytesIO()
    code.save(
        drawing, kind="svg", border=QUIET_ZONE, dark="#000", light="#fff", xmldecl=False, svgns=False, omitsize=True,
        svgclass=None, lineclass=None, nl=False,
    )  # fmt: skip
    # segno's own drawing of numbers: nothing of the address is in it as text.
    inner = Markup(drawing.getvalue().decode().split(">", 1)[1])  # noqa: S704
    opening = Markup('<svg class="qr" role="img" aria-label="{}" viewBox="0 0 {} {}" shape-rendering="crispEdges">')
    return opening.format(label, width, height) + inner


def key_groups(secret: str) -> tuple[str, ...]:
    """The key in fours, so that a person who copies it by hand keeps the place."""
    return tuple(secret[start : start + 4] for start in range(0, len(secret), 4))
