"""`directory` and `tenants`: who a login ID is, and what an office or establishment has until it sets it itself."""

from __future__ import annotations

import re

from gateway.config.blocks import Block, Record, block, key, optional
from gateway.config.faults import Faults
from gateway.config.model_routes import FEATURE
from gateway.config.shapes import ListOf, MapOf
from gateway.config.words import CODE, FILE, FLAG, LONG_TEXT, SECRET, TEXT, duration, words
from gateway.core.subject import Feature

GROUPS = ("office", "establishment", "employee", "role", "name")
SQL_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")


@block
class PatternBlock(Block):
    """A regular expression over login IDs."""

    match: str = key(
        TEXT, "Matches the whole ID in capitals; groups (?P<office>…), establishment, employee, role, name."
    )
    kind: str = key(words("office", "establishment"), "Which sort of tenant such an ID belongs to.")
    role: str = key(TEXT, "The role of everybody whom it matches.", default="")

    def check(self, faults: Faults) -> None:
        """It compiles and fills what its kind needs."""
        place = self.at("match")
        try:
            groups = re.compile(self.match, re.ASCII).groupindex
        except (re.error, RecursionError, OverflowError) as error:
            faults.add(place, "bad-regex", f"no regular expression: {error}.", "Check brackets and quotes.")
            return
        for group in groups:
            if group not in GROUPS:
                faults.add(place, "unknown-group", f"(?P<{group}>…) names nothing.", f"Groups: {', '.join(GROUPS)}.")
        if self.kind not in groups:
            faults.add(place, "missing-group", f"nothing tells the {self.kind}.", f"Add a group (?P<{self.kind}>…).")
        if re.search(r"[a-z]", re.sub(r"\(\?P?[<=!a-zA-Z]+(\w*>)?|\\.", "", self.match)):
            faults.warn(
                place, "lower-case", "login IDs are compared in capitals; a-z here never matches.", "Write A-Z."
            )


@block
class EstablishmentBlock(Block):
    """An establishment and its office."""

    code: str = key(CODE, 'The establishment\'s code in quotes: "000001".')
    office: str = key(CODE, 'The code of its office in quotes: "0001".')
    name: str = key(TEXT, "Its name.", default="")
    kana: str = key(TEXT, "The reading of its name, by which it is found too.", default="")


@block
class SqlBlock(Block):
    """Queries on the operator's own database. The gateway reads only; give it an account that can do no more."""

    url: str = key(SECRET, "sqlite:///file or postgresql://user:password@host/name.")
    query: str = key(
        LONG_TEXT,
        "SELECT kind, office, establishment, employee, role, name … WHERE … = :login_id. "
        "A column login_id: the person's one ID, where the app takes several names (e-mail).",
    )
    establishments: str = key(
        LONG_TEXT,
        "SELECT code, name, kana … WHERE … = :office: an office's establishments, for the settings pages.",
        default="",
    )
    people: str = key(
        LONG_TEXT,
        "SELECT login_id, kind, employee, role, name … WHERE … = :office AND … = :establishment, for the lists of "
        "administrators; :establishment is empty for the office's own staff.",
        default="",
    )
    timeout: float = key(duration(0.05, 60), "After so long the database counts as down.", default=2.0)
    cache: float = key(duration(0, 3600), "How long an answer is kept; 0s: not at all.", default=60.0)

    def check(self, faults: Faults) -> None:
        """What is asked for is bound, never pasted in."""
        if not self.url.startswith(("sqlite:///", "sqlite+aiosqlite:///", "postgresql://", "postgresql+asyncpg://")):
            remedy = "Write sqlite:///file or postgresql://user:password@host/name."
            faults.add(self.at("url"), "bad-value", "no such database.", remedy)
        self._check_query("query", ("login_id",), faults)
        if self.establishments:
            self._check_query("establishments", ("office",), faults)
        if self.people:
            self._check_query("people", ("office", "establishment"), faults)

    def _check_query(self, name: str, parameters: tuple[str, ...], faults: Faults) -> None:
        query: str = getattr(self, name)
        place, used = self.at(name), set(SQL_PARAMETER.findall(query))
        for parameter in parameters:
            if parameter not in used:
                what, remedy = f"the query does not use :{parameter}.", f"Add WHERE … = :{parameter}."
                faults.add(place, "missing-parameter", what, remedy)
        bound = " and ".join(f":{parameter}" for parameter in parameters)
        for parameter in sorted(used - set(parameters)):
            what = f":{parameter} is not bound to anything."
            faults.add(place, "unknown-parameter", what, f"Only {bound} {'is' if len(parameters) == 1 else 'are'}.")
        if not query.lstrip().upper().startswith(("SELECT", "WITH")):
            faults.add(place, "bad-value", "it is no SELECT.", "The gateway only reads from this database.")


@block
class DirectoryBlock(Block):
    """directory"""

    unknown: str = key(
        words("second-factor", "refuse"),
        "People whom only the app knows: refuse (default), or second-factor if the app takes one name per person.",
        default="refuse",
    )
    patterns: tuple[PatternBlock, ...] = key(ListOf(Record(PatternBlock)), "Asked last; the first match.", default=())
    establishments: tuple[EstablishmentBlock, ...] = key(
        ListOf(Record(EstablishmentBlock)), "Which office an establishment belongs to.", default=()
    )
    establishments_csv: str = key(FILE, "The same as a CSV file: code,office,name,kana.", default="")
    people_csv: str = key(FILE, "People: login_id,kind,office,establishment,employee,role,name,aliases.", default="")
    sql: SqlBlock | None = optional(Record(SqlBlock), "Asked after the CSV file.")

    def check(self, faults: Faults) -> None:
        """Two names of one person that nobody knows to be one would be two second factors: a thief enrols afresh."""
        if self.unknown == "second-factor":
            what = "whoever has a password may enrol under any name that the app also takes for that person (e-mail)."
            remedy = "Make sure that the app takes one name per person, or list people in people_csv or sql and refuse."
            faults.warn(self.at("unknown"), "unknown-enrols", what, remedy)
        elif not (self.patterns or self.people_csv or self.sql):
            what = "nobody is known and the unknown are refused: nobody can sign in."
            faults.warn(self.node, "nobody-known", what, "Add patterns, people_csv or sql.")


@block
class EstablishmentEntryBlock(Block):
    """tenants.offices.*.establishments.*"""

    use: bool = key(FLAG, "Its employees need a code.", default=False)
    exempt: tuple[Feature, ...] = key(ListOf(FEATURE), "What they may do without one.", default=())
    pinned: bool = key(FLAG, "The settings pages can't change it.", default=False)


@block
class OfficeEntryBlock(Block):
    """tenants.offices.*"""

    use: bool = key(FLAG, "The office uses second factors; without it its establishments can't.", default=False)
    pinned: bool = key(FLAG, "The settings pages can't change it.", default=False)
    establishments: tuple[tuple[str, EstablishmentEntryBlock], ...] = key(
        MapOf(Record(EstablishmentEntryBlock), CODE), "Its establishments by code.", default=()
    )

    def check(self, faults: Faults) -> None:
        """A pin that a pin of the office undoes is a mistake."""
        for code, entry in self.establishments:
            if entry.use and entry.pinned and self.pinned and not self.use:
                remedy = "Write use: true for the office, or remove one of the pins."
                place = self.at("establishments", code, "use")
                faults.add(place, "pins-disagree", "the office is pinned to use: false, so this never acts.", remedy)


@block
class OfficeDefaultBlock(Block):
    """tenants.defaults.office"""

    use: bool = key(FLAG, "Offices that set nothing use second factors.", default=False)


@block
class EstablishmentDefaultBlock(Block):
    """tenants.defaults.establishment"""

    use: bool = key(FLAG, "Establishments that set nothing use second factors.", default=False)
    exempt: tuple[Feature, ...] = key(ListOf(FEATURE), "What their employees may do without a code.", default=())


@block
class DefaultsBlock(Block):
    """tenants.defaults"""

    office: OfficeDefaultBlock | None = optional(Record(OfficeDefaultBlock), "For every office.")
    establishment: EstablishmentDefaultBlock | None = optional(
        Record(EstablishmentDefaultBlock), "For every establishment."
    )


@block
class TenantsBlock(Block):
    """tenants"""

    defaults: DefaultsBlock | None = optional(Record(DefaultsBlock), "For everybody who sets nothing.")
    offices: tuple[tuple[str, OfficeEntryBlock], ...] = key(
        MapOf(Record(OfficeEntryBlock), CODE), 'Offices by code in quotes: "0001".', default=()
    )
