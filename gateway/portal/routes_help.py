"""The addresses of the pages about help."""

from __future__ import annotations

from aiohttp import web

from gateway.portal import help as guides

HOME = "/.sekisho/help/"
ROUTES: tuple[web.RouteDef, ...] = (
    web.get(HOME.rstrip("/"), guides.home),
    web.get(HOME, guides.index),
    web.get(HOME + "print", guides.booklet),
    web.get(HOME + "{name}", guides.guide),
)
