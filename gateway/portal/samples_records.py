"""Made-up views of audit record, progress and rollout."""

from __future__ import annotations

from gateway.portal.views import View

RECORDS: tuple[View, ...] = ()
