"""Every sentence of the pages, in each language; `{gaps}` are filled by the caller."""

from __future__ import annotations

from gateway.portal.words import (
    en,
    en_drawings,
    en_help,
    en_people,
    en_records,
    en_registration,
    en_settings,
    ja,
    ja_drawings,
    ja_help,
    ja_people,
    ja_records,
    ja_registration,
    ja_settings,
)

LANGUAGES = ("ja", "en")
PARTS = {
    "ja": (
        ja.WORDS,
        ja_settings.WORDS,
        ja_people.WORDS,
        ja_records.WORDS,
        ja_help.WORDS,
        ja_drawings.WORDS,
        ja_registration.WORDS,
    ),
    "en": (
        en.WORDS,
        en_settings.WORDS,
        en_people.WORDS,
        en_records.WORDS,
        en_help.WORDS,
        en_drawings.WORDS,
        en_registration.WORDS,
    ),
}
CATALOGUES = {
    language: {key: text for part in parts for key, text in part.items()} for language, parts in PARTS.items()
}


def preferred_language(accept_language: str) -> str:
    """The best of our languages for an Accept-Language header (RFC 9110, 12.5.4); Japanese when none is named."""
    best, best_quality = LANGUAGES[0], 0.0
    for part in accept_language.split(",")[:20]:
        tag, _, parameter = part.partition(";")
        language = tag.strip().lower().split("-")[0]
        quality = _quality(parameter)
        if language in LANGUAGES and quality > best_quality:
            best, best_quality = language, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
