"""The addresses of the pages about an office's settings."""

from __future__ import annotations

from aiohttp import web

ROUTES: tuple[web.RouteDef, ...] = ()
