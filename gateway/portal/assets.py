"""Style sheets, script and logo under names that hold the hash of their content: cached for ever, never stale."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from gateway.portal.colour import brand_css

PREFIX = "/.sekisho/assets/"
_STATIC = Path(__file__).parent / "static"
_LOGO_TYPES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}
LOGO_LIMIT = 200 * 1024


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    address: str
    media_type: str
    content: bytes


class Assets:
    """What the pages load, and nothing else. Built once; the operator's colour is part of the style sheet."""

    def __init__(self, colour: str, logo: Path | None) -> None:
        style = brand_css(colour).encode() + (_STATIC / "sekisho.css").read_bytes()
        self.style = _named("sekisho", ".css", "text/css; charset=utf-8", style)
        self.office_style = _named("office", ".css", "text/css; charset=utf-8", (_STATIC / "office.css").read_bytes())
        self.help_style = _named("help", ".css", "text/css; charset=utf-8", (_STATIC / "help.css").read_bytes())
        script = (_STATIC / "sekisho.js").read_bytes()
        self.script = _named("sekisho", ".js", "text/javascript; charset=utf-8", script)
        self.logo = _logo(logo) if logo is not None else None
        self.icon = _named("icon", ".svg", "image/svg+xml", (_STATIC / "icon.svg").read_bytes())
        every = (self.style, self.office_style, self.help_style, self.script, self.icon) + (
            (self.logo,) if self.logo is not None else ()
        )
        self._by_address = {asset.address: asset for asset in every}

    def find(self, address: str) -> Asset | None:
        """The asset with exactly this address."""
        return self._by_address.get(address)


def _logo(path: Path) -> Asset:
    media_type = _LOGO_TYPES.get(path.suffix.lower())
    if media_type is None:
        raise ValueError(f"{path}: a logo is one of {', '.join(_LOGO_TYPES)}")
    content = path.read_bytes()
    if len(content) > LOGO_LIMIT:
        raise ValueError(f"{path}: a logo has at most {LOGO_LIMIT // 1024} KiB")
    return _named("logo", path.suffix.lower(), media_type, content)


def _named(stem: str, suffix: str, media_type: str, content: bytes) -> Asset:
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Asset(f"{PREFIX}{stem}-{digest}{suffix}", media_type, content)
