"""The addresses of the pages about help."""

from __future__ import annotations

from aiohttp import web

ROUTES: tuple[web.RouteDef, ...] = ()
