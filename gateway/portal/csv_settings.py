"""The columns of the settings file: what an export writes and an import reads back.

Headings and words are those of the visitor's language; an import takes both languages.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from functools import cache

from gateway.core.normal_forms import normal_form
from gateway.core.policy import TenantSettings
from gateway.portal.establishment_choice import Choice, choice_of
from gateway.portal.words import CATALOGUES
from gateway.stores.base_tenants import EstablishmentRow


class Column(enum.StrEnum):
    """In the order of the file. The catalogue has the heading as `settings.csv.<value>`."""

    CODE = "code"
    NAME = "name"
    KANA = "kana"
    USES = "uses"
    PAYSLIP = "payslip"
    ATTENDANCE = "attendance"
    PINNED = "pinned"


NEEDED = (Column.CODE, Column.USES, Column.PAYSLIP, Column.ATTENDANCE)
WORDS: Mapping[Column, tuple[str, ...]] = {
    Column.USES: ("use", "not"),
    Column.PAYSLIP: ("free", "code"),
    Column.ATTENDANCE: ("punch", "notifications", "code"),
}


def headings(language: str) -> list[str]:
    """The first line."""
    return [CATALOGUES[language][f"settings.csv.{column}"] for column in Column]


def allowed(column: Column, language: str) -> str:
    """What may stand in a column, for a sentence about one that holds something else."""
    said = CATALOGUES[language]
    return said["settings.csv.or"].join(said[f"settings.csv.{column}.{word}"] for word in WORDS[column])


def line_of(row: EstablishmentRow, language: str) -> list[str]:
    """An establishment's line."""
    said, choice = CATALOGUES[language], choice_of(row.settings)
    attendance = choice.scope if choice.attendance else "code"
    return [
        row.code,
        row.name,
        row.kana,
        said[f"settings.csv.uses.{'use' if choice.uses == '1' else 'not'}"],
        said[f"settings.csv.payslip.{'free' if choice.payslip else 'code'}"],
        said[f"settings.csv.attendance.{attendance}"],
        said["settings.csv.pinned.yes"] if row.pinned else "",
    ]


def column_of(heading: str) -> Column | None:
    """The column with this heading, in whichever language."""
    return _headings().get(_plain(heading))


def word_of(column: Column, cell: str) -> str | None:
    """The meaning of a cell: one of WORDS; None when it has none."""
    known = _cells(column)
    return known.get(cell) or known.get(_plain(cell))  # most cells are as an export wrote them


@cache
def settings_of(uses: str, payslip: str, attendance: str) -> TenantSettings:
    """The settings that three words say."""
    choice = Choice("", payslip == "free", attendance != "code", attendance)
    return TenantSettings(uses == "use", choice.exempt)


def _plain(cell: str) -> str:
    return "".join(normal_form("NFKC", cell).casefold().split())


@cache
def _headings() -> Mapping[str, Column]:
    return {_plain(said[f"settings.csv.{column}"]): column for said in CATALOGUES.values() for column in Column}


@cache
def _cells(column: Column) -> Mapping[str, str]:
    said = [(text[f"settings.csv.{column}.{word}"], word) for text in CATALOGUES.values() for word in WORDS[column]]
    return {_plain(text): word for text, word in said} | dict(said)
