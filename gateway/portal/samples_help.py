"""Made-up views of the help pages."""

from __future__ import annotations

from gateway.portal.views import View

HELP: tuple[View, ...] = ()
