"""Public pages: whoever cannot sign in must be able to read them."""

from __future__ import annotations

import re

from aiohttp import web

from gateway.portal.guides import BY_SLUG, GUIDES
from gateway.portal.pages import language_of
from gateway.portal.views import View
from gateway.portal.views_help import BookletView, Facts, GuideView, HelpIndexView, InstallView
from gateway.portal.visits import PORTAL, asked_origin, see_other
from gateway.portal.words import LANGUAGES

HOME = "/.sekisho/help/"
_NUMBER = re.compile(r"[1-9][0-9]?", re.ASCII)


async def install(request: web.Request) -> web.Response:
    """GET: which app to get. The enrolment page leads here."""
    return _page(request, InstallView(_facts(request)))


async def home(_: web.Request) -> web.Response:
    """GET: the address without its slash, as people say it on the telephone."""
    return see_other(HOME)


async def index(request: web.Request) -> web.Response:
    """GET: every guide by name and number."""
    return _page(request, HelpIndexView(_facts(request)))


async def booklet(request: web.Request) -> web.Response:
    """GET: every guide on one page, for printing."""
    return _page(request, BookletView(_facts(request)))


async def guide(request: web.Request) -> web.Response:
    """GET: one guide by its name; its number leads to its name."""
    name = request.match_info["name"]
    if _NUMBER.fullmatch(name) and int(name) <= len(GUIDES):
        return see_other(HOME + GUIDES[int(name) - 1].slug + _query(request))
    found = BY_SLUG.get(name)
    if found is None:
        raise web.HTTPNotFound
    return _page(request, GuideView(found, tuple(BY_SLUG[slug] for slug in found.near), _facts(request)))


async def asset(request: web.Request) -> web.Response:
    """GET: a file whose name holds the hash of its content."""
    found = request.app[PORTAL].renderer.assets.find(request.path)
    if found is None:
        raise web.HTTPNotFound
    headers = {
        "Content-Type": found.media_type,
        "Cache-Control": "public, max-age=31536000, immutable",
        # A logo may be an SVG that somebody opens by its address: it runs nothing and loads nothing.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    return web.Response(body=found.content, headers=headers)


def _page(request: web.Request, view: View) -> web.Response:
    html = request.app[PORTAL].renderer.page(view, _language(request))
    return web.Response(text=html, content_type="text/html", charset="utf-8")


def _facts(request: web.Request) -> Facts:
    portal = request.app[PORTAL]
    limits = portal.factors.limits
    other = next(language for language in LANGUAGES if language != _language(request))
    return Facts(
        tries=limits.tries,
        lock_seconds=limits.lock_seconds,
        mandatory_from=portal.offices.rules.rollout.mandatory_from,
        site=asked_origin(request) + HOME.rstrip("/"),
        path=request.path.removeprefix(HOME),
        query=_query(request),
        other=f"{request.path}?lang={other}",
    )


def _language(request: web.Request) -> str:
    """The language that was chosen by a link, so that an office can print for somebody else; else the browser's."""
    chosen = request.query.get("lang", "")
    return chosen if chosen in LANGUAGES else language_of(request.raw_headers)


def _query(request: web.Request) -> str:
    """What keeps the chosen language on the way to the next page."""
    chosen = request.query.get("lang", "")
    return f"?lang={chosen}" if chosen in LANGUAGES else ""
