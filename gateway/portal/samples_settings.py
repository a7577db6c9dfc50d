"""Made-up views of the settings pages."""

from __future__ import annotations

from gateway.portal.views import View

SETTINGS: tuple[View, ...] = ()
