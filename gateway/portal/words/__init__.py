"""Every sentence of the pages, in each language; `{gaps}` are filled by the caller."""

from __future__ import annotations

from gateway.portal.words import en, ja

LANGUAGES = ("ja", "en")
CATALOGUES = {"ja": ja.WORDS, "en": en.WORDS}


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
