"""Made-up views of people, resets, registration codes and notices."""

from __future__ import annotations

from gateway.portal.views import View

PEOPLE: tuple[View, ...] = ()
