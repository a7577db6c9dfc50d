"""The operator's colour made readable: contrast is computed, never hoped for (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import re

_HEX = re.compile(r"#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})", re.ASCII)
_WHITE = (255, 255, 255)
_ENOUGH = 4.5

Rgb = tuple[int, int, int]


def brand_css(colour: str) -> str:
    """Custom properties of the operator's colour; the colour is darkened until white text on it can be read."""
    base = parse_colour(colour)
    key = base
    while contrast(key, _WHITE) < _ENOUGH:
        key = _mix(key, (0, 0, 0), 0.08)
    dark = _mix(key, (0, 0, 0), 0.3)
    tint = _mix(key, _WHITE, 0.93)
    return f":root{{--brand:{_hex(base)};--key:{_hex(key)};--key-dark:{_hex(dark)};--key-tint:{_hex(tint)}}}\n"


def parse_colour(text: str) -> Rgb:
    """`#rgb` or `#rrggbb`. Raises ValueError for anything else: the text becomes part of a style sheet."""
    found = _HEX.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no colour of the form #rrggbb")
    digits = found.group(1)
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def contrast(one: Rgb, other: Rgb) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Rgb) -> float:
    parts = [part / 255 for part in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
