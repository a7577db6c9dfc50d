"""The addresses of the pages about audit record, progress and rollout."""

from __future__ import annotations

from aiohttp import web

ROUTES: tuple[web.RouteDef, ...] = ()
