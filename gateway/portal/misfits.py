"""Whether an operator's own templates still fit: each is rendered with sample views in every language."""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import TemplateError

from gateway.config.settings import Service
from gateway.portal.pages import TEMPLATES, Renderer
from gateway.portal.samples import SAMPLES
from gateway.portal.views import PageName
from gateway.portal.words import LANGUAGES

PAGE_LIMIT = 50 * 1024
_CSRF = 'name="csrf"'
_CANCEL = 'action="/.sekisho/cancel"'
_NEEDED: dict[PageName, tuple[str, ...]] = {
    PageName.CHOICE: (_CSRF, 'action="/.sekisho/choice"', 'value="full"', 'value="restricted"', _CANCEL),
    PageName.ENROLMENT: (_CSRF, 'action="/.sekisho/enrol"', 'name="totp"', _CANCEL),
    PageName.CODE: (_CSRF, 'action="/.sekisho/code"', 'name="totp"', _CANCEL),
    PageName.LOCKED: (_CSRF, _CANCEL),
    PageName.NOTICE: (_CSRF, 'action="/.sekisho/notice"', _CANCEL),
    PageName.STEP_UP: ('href="/.sekisho/code"',),
}


def misfits(service: Service, clock: Callable[[], float] = lambda: 0.0) -> list[str]:
    """What is wrong with the templates in `service.templates`, one sentence each; empty when they fit.

    A template that the product does not know is named too: it is a misspelling that would never be shown.
    """
    if service.templates is None:
        return []
    if not service.templates.is_dir():
        return [f"{service.templates}: not a folder"]
    known = {path.name for path in TEMPLATES.glob("*.html")}
    own = sorted(path.name for path in service.templates.glob("*.html"))
    names = ", ".join(sorted(known))
    found = [f"{name}: no page has this template; known are {names}" for name in own if name not in known]
    if not set(own) & known:
        return found
    renderer = Renderer(service, clock)
    for view in SAMPLES:
        for language in LANGUAGES:
            try:
                html = renderer.page(view, language, "SAMPLE")
            except (TemplateError, KeyError, TypeError, ValueError, OSError) as fault:
                found.append(f"{view.name}.html ({language}): {type(fault).__name__}: {fault}")
                continue
            found += [f"{view.name}.html ({language}): {lack}" for lack in _lacks(view.name, html)]
    return list(dict.fromkeys(found))


def _lacks(name: PageName, html: str) -> list[str]:
    needed = _NEEDED.get(name, ())
    lacks = [f"has no {part}, without which the page does not work" for part in needed if part not in html]
    if len(html.encode()) > PAGE_LIMIT:
        lacks.append(f"is larger than {PAGE_LIMIT // 1024} KiB")
    return lacks
