"""Made-up views of the help pages: every guide, the list of them, and the booklet."""

from __future__ import annotations

from gateway.portal.guides import BY_SLUG, GUIDES
from gateway.portal.views import View
from gateway.portal.views_help import BookletView, Facts, GuideView, HelpIndexView, InstallView

_SITE = "https://nkomon.example/.sekisho/help"
_DATED = 1_806_534_000.0


def _facts(path: str, mandatory_from: float | None = _DATED) -> Facts:
    return Facts(5, 1800.0, mandatory_from, _SITE, path, "?lang=ja", f"/.sekisho/help/{path}?lang=en")


HELP: tuple[View, ...] = (
    InstallView(_facts("install")),
    HelpIndexView(_facts("")),
    *(GuideView(guide, tuple(BY_SLUG[slug] for slug in guide.near), _facts(guide.slug)) for guide in GUIDES),
    GuideView(GUIDES[0], (), Facts(3, 60.0, None, _SITE)),
    BookletView(_facts("print")),
)
