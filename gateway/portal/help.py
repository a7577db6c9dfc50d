"""Public pages: whoever cannot sign in must be able to read them."""

from __future__ import annotations

from aiohttp import web

from gateway.portal.pages import language_of
from gateway.portal.views import InstallView
from gateway.portal.visits import PORTAL


async def install(request: web.Request) -> web.Response:
    """GET: how to get an authenticator app."""
    html = request.app[PORTAL].renderer.page(InstallView(), language_of(request.raw_headers))
    return web.Response(text=html, content_type="text/html", charset="utf-8")


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
