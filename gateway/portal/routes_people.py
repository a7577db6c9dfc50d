"""The addresses of the pages about people, resets, registration codes and notices."""

from __future__ import annotations

from aiohttp import web

ROUTES: tuple[web.RouteDef, ...] = ()
