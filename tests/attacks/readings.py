"""How apps behind the gateway may read one and the same target: what is measured of Tomcat, Jetty, Apache with PHP,
`php -S`, nginx, and what is told of IIS. None of it shares code with the gateway.

A reading turns target bytes into the path that its app would serve; `handlers` says whose bytes a caller would get.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

HEX = re.compile(rb"%([0-9A-Fa-f]{2})")
HEX_U = re.compile(rb"%[uU]([0-9A-Fa-f]{4})")
Path = bytes
Refused = None


def unescape(path: bytes) -> bytes:
    """%XX once; broken escapes stay."""
    return HEX.sub(lambda found: bytes([int(found.group(1), 16)]), path)


def unescape_u(path: bytes) -> bytes:
    """%uXXXX once, to UTF-8."""
    return HEX_U.sub(lambda found: chr(int(found.group(1), 16)).encode("utf-8", "surrogatepass"), path)


def without_parameters(path: bytes) -> bytes:
    """Cut `;…` from every segment."""
    return b"/".join(segment.split(b";", 1)[0] for segment in path.split(b"/"))


def resolved(path: bytes, *, collapse: bool = True) -> bytes:
    """Dot segments resolved; above the root stays at the root, as `php -S` does it."""
    if collapse:
        path = re.sub(rb"/{2,}", b"/", path)
    out: list[bytes] = []
    for segment in path.split(b"/")[1:]:
        if segment == b"..":
            del out[-1:]
        elif segment != b".":
            out.append(segment)
    return b"/" + b"/".join(out)


def origin_form(target: bytes) -> bytes:
    """Absolute URIs cut to their path."""
    found = re.match(rb"[A-Za-z][A-Za-z0-9+.-]*:/*[^/?#]*(.*)", target, re.DOTALL)
    if found and not target.startswith(b"/"):
        return found.group(1) or b"/"
    return target if target.startswith(b"/") else b"/" + target


def tomcat(target: bytes) -> Path:
    """Parameters cut before decoding, slashes collapsed, dots resolved."""
    path = origin_form(target).split(b"?", 1)[0]
    return resolved(unescape(without_parameters(path)))


def tomcat_late(target: bytes) -> Path:
    """Decoded first, then parameters cut: frameworks behind a servlet container do it once more."""
    path = origin_form(target).split(b"?", 1)[0]
    return resolved(without_parameters(unescape(path)))


def jetty(target: bytes) -> Path:
    """%uXXXX decoded, fragment cut, empty segments count in dot resolution."""
    path = re.split(rb"[?#]", origin_form(target), maxsplit=1)[0]
    return resolved(unescape(unescape_u(without_parameters(path))), collapse=False)


def php_server(target: bytes) -> Path:
    """Fragment cut, decoded, cut at NUL, dots resolved, never refused."""
    path = unescape(re.split(rb"[?#]", origin_form(target), maxsplit=1)[0])
    return resolved(path)


def nul_cut(target: bytes) -> Path:
    """As `php_server`, with C strings that end at NUL and names that end before blanks."""
    return resolved(php_server(target).split(b"\0", 1)[0].rstrip(b" \t\r\n.") or b"/")


def nginx(target: bytes) -> Path:
    """Decoded once, slashes merged, dots resolved, fragment cut."""
    return resolved(unescape(re.split(rb"[?#]", origin_form(target), maxsplit=1)[0]))


def twice(target: bytes) -> Path:
    """A front server and an app that both decode."""
    path = origin_form(target).split(b"?", 1)[0]
    for _ in range(3):
        path = unescape(path)
    return resolved(without_parameters(path.split(b"?", 1)[0]))


def iis(target: bytes) -> Path:
    """Backslash is a slash; case, blanks, trailing dots, streams, (S(…)) and full-width forms fold."""
    path = unescape_u(unescape(re.split(rb"[?#]", origin_form(target), maxsplit=1)[0]))
    path = (
        path.replace(b"\xc0\xaf", b"/")
        .replace(b"\xe0\x80\xaf", b"/")
        .replace(b"\xc1\x9c", b"/")
        .replace(b"\xc0\xae", b".")
    )
    path = path.replace(b"\xc1\xa1", b"a").replace("∕".encode(), b"/")
    text = unicodedata.normalize("NFKC", path.decode("utf-8", "surrogateescape")).replace("\\", "/")  # noqa: TID251 - a reading, not the gateway
    text = re.sub(r"/\([A-Z]\([^)]*\)\)", "", text)
    folded = resolved(text.encode("utf-8", "surrogateescape")).lower()
    segments = [
        re.sub(rb"[\x00-\x20\x7f\xad\xa0\xc2]+$", b"", segment.split(b":", 1)[0]) for segment in folded.split(b"/")
    ]
    cut = [segment.rstrip(b" .") if segment.strip(b".") else segment for segment in segments]
    return resolved(b"/".join(re.sub(rb"~\d+$", b"", segment) for segment in cut))


def blanks_cut(target: bytes) -> Path:
    """Control characters and blanks around a segment are lost."""
    path = unescape(origin_form(target).split(b"?", 1)[0])
    return resolved(b"/".join(segment.strip(b"\0\t\n\v\f\r +\x7f\x85\xa0\xad") for segment in path.split(b"/")))


def path_info(target: bytes) -> Path:
    """A front controller serves what follows the script: /index.php/admin/x is /admin/x to it."""
    path = nginx(target)
    script, found, rest = path.partition(b".php/")
    return resolved(b"/" + rest) if found and script == b"/index" else path


READINGS: tuple[Callable[[bytes], Path], ...] = (
    tomcat,
    tomcat_late,
    jetty,
    php_server,
    nul_cut,
    nginx,
    twice,
    iis,
    blanks_cut,
    path_info,
)


def handler_of(path: bytes) -> str:
    """Which of the app's handlers serves a path."""
    for prefix, name in (
        (b"/admin", "admin"),
        (b"/pub", "pub"),
        (b"/own", "own"),
        (b"/login", "login"),
        (b"/top", "top"),
    ):
        if path == prefix or path.startswith((prefix + b"/", prefix + b";", prefix + b".")):
            return name
    return "other"


def handlers(target: bytes) -> dict[str, str]:
    """What each reading would serve."""
    return {reading.__name__: handler_of(reading(target)) for reading in READINGS}
