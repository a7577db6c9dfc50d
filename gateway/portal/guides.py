"""What the help pages explain: one guide for one task or one device. Words and pictures are named here, not held.

A guide's sentences are `help.<slug>.title`, `.lead`, `.1` … (one for each picture) and `.note1` … in the catalogues.
Numbers are the order in GUIDES: people name them on the telephone and find them on printed sheets, so a new guide goes
to the end of its group only when renumbering those behind it does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

CHECKED = date(2026, 11, 22)  # when the wording of the apps was last compared with what the guides say
GROUPS = ("first", "install", "enrol", "more", "trouble", "office")
STORES = (
    ("Microsoft Edge", "https://microsoftedge.microsoft.com/addons/detail/ocglkepbibnalbgmbachknglpdipeoio"),
    ("Google Chrome", "https://chromewebstore.google.com/detail/bhghoamapcdpbohphigoooaddinpkbai"),
    ("Mozilla Firefox", "https://addons.mozilla.org/firefox/addon/auth-helper/"),
)


@dataclass(frozen=True, slots=True)
class Guide:
    """One page of help. `pictures`: one for each step; `near`: guides that a reader of this one may need next.

    `links` (name and address) belong to the first step.
    """

    number: int
    slug: str
    group: str
    pictures: tuple[str, ...]
    notes: int
    near: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()
    entry: str = "title"

    @property
    def title(self) -> str:
        """The catalogue key of its heading."""
        return f"help.{self.slug}.title"

    @property
    def listed(self) -> str:
        """The catalogue key of its name in a list."""
        return f"help.{self.slug}.{self.entry}"


GUIDES = (
    Guide(1, "about", "first", ("signin", "app-code", "code-entry"), 4, ("iphone", "android", "pc")),
    Guide(2, "iphone", "install", ("store-search", "store-get", "app-first"), 2, ("qr", "phone", "passwords")),
    Guide(3, "android", "install", ("store-search", "store-install", "app-first"), 2, ("qr", "phone")),
    Guide(4, "pc", "install", ("pc-store", "pc-add", "pc-pin"), 2, ("qr-pc", "browser", "pcs"), STORES),
    Guide(
        5, "qr", "enrol", ("pc-qr", "app-plus", "app-scan", "scan", "code-register"), 2, ("cut", "wrong", "passwords")
    ),
    Guide(6, "qr-pc", "enrol", ("pc-icon", "ext-scan", "pc-drag", "pc-code"), 1, ("cut", "wrong", "both")),
    Guide(
        7, "phone", "enrol", ("copy-key", "app-plus", "app-enter", "app-key", "phone-code"), 2, ("passwords", "wrong")
    ),
    Guide(8, "passwords", "enrol", ("apple-open", "apple-codes", "code-register"), 2, ("phone", "iphone")),
    Guide(9, "ids", "more", ("pc-qr", "scan", "app-many"), 1, ("qr", "qr-pc", "phone")),
    Guide(10, "both", "more", ("pc-code", "ext-qr", "scan", "same-code"), 1, ("qr-pc", "pcs")),
    Guide(
        11, "pcs", "more", ("pc-add", "ext-gear", "ext-backup", "usb", "ext-import", "trash"), 2, ("pc", "browser")
    ),
    Guide(12, "browser", "more", ("pc-add", "ext-backup", "ext-import", "trash"), 1, ("pc", "pcs")),
    Guide(13, "cut", "trouble", ("zoom", "reload", "scan", "pc-key"), 0, ("qr", "qr-pc", "phone")),
    Guide(14, "wrong", "trouble", ("app-timer", "app-many", "clock-auto", "ask"), 2, ("locked", "lost")),
    Guide(15, "locked", "trouble", ("lock-time", "code-entry", "ask"), 2, ("wrong", "lost")),
    Guide(16, "new", "trouble", ("code-entry", "reset", "scan"), 2, ("lost", "pcs")),
    Guide(17, "lost", "trouble", ("ask", "reset", "scan"), 2, ("new", "iphone", "android", "pc")),
    Guide(
        18, "clients", "office", ("two-devices", "scan", "code-entry", "ask"), 3, ("about", "lost", "locked"),
        entry="entry",
    ),
)  # fmt: skip
BY_SLUG = {guide.slug: guide for guide in GUIDES}
