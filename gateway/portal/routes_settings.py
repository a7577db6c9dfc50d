"""The addresses of the pages about an office's settings."""

from __future__ import annotations

from aiohttp import web

from gateway.portal import (
    csv_export,
    csv_import,
    establishment,
    settings,
    settings_bulk,
    settings_listing,
    settings_office,
)
from gateway.portal.visits import IMPORT, SETTINGS

ROUTES: tuple[web.RouteDef, ...] = (
    web.get(SETTINGS, settings.show),
    web.post(SETTINGS, settings_listing.act),
    web.get(settings_office.OFFICE_PAGE, settings_office.confirm),
    web.post(settings_office.OFFICE_PAGE, settings_office.save),
    web.get(settings_listing.ESTABLISHMENT_PAGE, establishment.show),
    web.post(settings_listing.ESTABLISHMENT_PAGE, establishment.save),
    web.get(settings_listing.BULK_PAGE, settings_bulk.show),
    web.post(settings_listing.BULK_PAGE, settings_bulk.do),
    web.get(settings_bulk.UNDO_PAGE, settings_bulk.undo_page),
    web.post(settings_bulk.UNDO_PAGE, settings_bulk.undo),
    web.get(settings_listing.EXPORT_PAGE, csv_export.show),
    web.get(csv_export.FILE, csv_export.send),
    web.get(IMPORT, csv_import.show),
    web.post(IMPORT, csv_import.read),
    web.get(csv_import.CHECK_PAGE, csv_import.check),
    web.post(csv_import.CHECK_PAGE, csv_import.do),
)
