"""`routes` and `page_edits`: who may reach what, and what of a page goes out and comes in (C1–C4, D1)."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.config.blocks import Block, Record, block, key, optional
from gateway.config.faults import Faults
from gateway.config.shapes import Choice, ListOf, MapOf, ShortOrLong
from gateway.config.words import FLAG, HOST_NAME, METHOD, PATH, TEXT, matching
from gateway.core.apps import OwnPart
from gateway.core.html import Spot
from gateway.core.routes import Access, ValueSource
from gateway.core.subject import Feature

FEATURE = Choice({feature.value: feature for feature in Feature})
SOURCES = {source.value: source for source in ValueSource if source is not ValueSource.LITERAL}
UNLESS = Choice({feature.value: feature.value for feature in Feature})
CONDITION_KEY = matching(
    r"(query|path|form)\..+", "Write query.NAME, form.NAME, or path.NAME for a {NAME} segment of the path."
)


@block
class ConditionBlock(Block):
    """The long form of a condition."""

    equals: ValueSource | None = optional(Choice(SOURCES), f"One of: {', '.join(SOURCES)}.")
    one_of: tuple[str, ...] = key(ListOf(TEXT, few=1), "Fixed values, of which one.", default=())
    format: str = key(TEXT, "How a date is written (strftime): %Y%m.", default="")
    optional: bool = key(FLAG, "The request may leave the parameter out.", default=False)

    def check(self, faults: Faults) -> None:
        """Exactly one thing to compare with; a format belongs to a date."""
        if (self.equals is None) == (not self.one_of):
            faults.add(
                self.node, "one-of", "say exactly one of equals and one_of.", "Write {equals: subject.employee}."
            )
        dated = self.equals in (ValueSource.THIS_MONTH, ValueSource.TODAY)
        if self.format and not dated:
            faults.add(self.at("format"), "useless-key", "only this-month and today have a format.", "Remove it.")
        if self.format and "%" not in self.format:
            faults.add(self.at("format"), "bad-value", "the format holds no date.", 'Write "%Y%m" or "%Y-%m-%d".')


CONDITION = ShortOrLong[ValueSource | ConditionBlock](Choice(SOURCES), Record(ConditionBlock))


@block
class RouteBlock(Block):
    """One route."""

    path: str = key(PATH, "Segments: a literal, {name} or * for any one, a last ** for any rest: /meisai/**.")
    access: Access = key(
        Choice({access.value: access for access in Access}),
        "One of public (nobody signs in), restricted (also without a code), full (with a code), deny (nobody).",
    )
    methods: tuple[bytes, ...] = key(
        ListOf(METHOD, one=True, few=1), "Default [GET], HEAD goes with it; full and deny: every method.", default=()
    )
    feature: Feature | None = optional(FEATURE, "Restricted sessions need this exemption of the establishment.")
    where: tuple[tuple[str, ValueSource | ConditionBlock], ...] = key(
        MapOf(CONDITION, CONDITION_KEY), "Parameters that must equal something of the person or the date.", default=()
    )
    name: str = key(TEXT, "The name in logs and explain; default: methods and path.", default="")
    public_host: str = key(HOST_NAME, "The public_host of the app that it is about; default: public_url's.", default="")

    def check(self, faults: Faults) -> None:
        """The grammar of the path, and which keys go with which access."""
        for what in path_faults(self.path):
            faults.add(self.at("path"), "bad-path", what, "Segments are literals, {name}, * or a last **.")
        if self.access is not Access.RESTRICTED:
            for name in ("where", "feature"):
                if self.node.find(name) is not None:
                    remedy = f"Write access: restricted, or remove {name}."
                    faults.add(self.at(name), "wrong-access", f"{name} goes with access: restricted only.", remedy)
        taken = path_names(self.path)
        for name, _ in self.where:
            place, _, parameter = name.partition(".")
            if place == "path" and parameter not in taken:
                faults.add(self.at("where", name), "unknown-segment", f"the path has no {{{parameter}}}.",
                           f"Write {{{parameter}}} as a segment of the path.")  # fmt: skip


def path_names(path: str) -> tuple[str, ...]:
    """The `{name}` segments of a route's path."""
    return tuple(part[1:-1] for part in path.split("/") if part[:1] == "{" and part[-1:] == "}")


def path_faults(path: str) -> Iterator[str]:
    """What breaks the grammar of a route's path."""
    parts = path.split("/")[1:]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part in ("*", "**") and (part == "*" or last):
            continue
        if part == "**":
            yield "** stands at the end only."
        elif part.startswith("{") and part.endswith("}"):
            if not part[1:-1].isidentifier():
                yield f"{part!r} has no proper name."
        elif any(character in part for character in "{}*"):
            yield f"{part!r} mixes text with {{name}} or *: a segment is one or the other."
    names = path_names(path)
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{{{name}}} stands twice."


@block
class RemovalBlock(Block):
    """One element to take out."""

    select: str = key(TEXT, "A selector: tag, #id, .class, [a=v], [a^=v], [a*=v]. In quotes: # begins a comment.")
    unless: str | None = optional(UNLESS, "Stays when this is exempt; left out: always goes.")


@block
class InsertionBlock(Block):
    """One part of ours to put in, at the first element that a selector finds."""

    what: OwnPart = key(
        Choice({part.value: part for part in OwnPart}),
        "settings-link (staff of offices), reset-link (whoever has a second factor to reset), rollout-notice "
        "(employees, from rollout.announced_from until rollout.mandatory_from) or enrolment-notice (whoever enrolled, "
        "in their next session).",
    )
    before: str = key(TEXT, "A selector: it goes before that element.", default="")
    after: str = key(TEXT, "A selector: it goes after that element.", default="")
    into: str = key(TEXT, "A selector: it goes into that element, behind all that is in it.", default="")
    wrap: str = key(
        matching(r"[a-z][a-z0-9]{0,15}", "Write the name of an element, such as li or td."),
        "The element around it, where the place asks for one.",
        default="",
    )

    @property
    def spot(self) -> Spot:
        """Which of the three keys is written."""
        return next((spot for spot in Spot if getattr(self, spot.value)), Spot.INTO)

    def check(self, faults: Faults) -> None:
        """Exactly one place."""
        if sum(bool(getattr(self, spot.value)) for spot in Spot) != 1:
            faults.add(self.node, "one-of", "say exactly one of before, after and into.", 'Write into: "#links".')


@block
class PageEditBlock(Block):
    """One page, or several with the same edits."""

    path: tuple[str, ...] = key(ListOf(PATH, one=True, few=1), "The paths of the page.")
    remove: tuple[RemovalBlock, ...] = key(
        ListOf(Record(RemovalBlock), few=1), "What is taken out in restricted sessions.", default=()
    )
    insert: tuple[InsertionBlock, ...] = key(
        ListOf(Record(InsertionBlock), few=1), "Links and notices of the gateway that are put in.", default=()
    )
    public_host: str = key(HOST_NAME, "The public_host of the app that it is about; default: public_url's.", default="")

    def check(self, faults: Faults) -> None:
        """Something to do, and paths with the grammar of routes."""
        if self.node.find("remove") is None and self.node.find("insert") is None:
            faults.add(self.node, "missing-key", "nothing is edited.", "Write remove or insert.")
        for number, path in enumerate(self.path):
            for what in path_faults(path):
                faults.add(self.at("path", number), "bad-path", what, "Segments are literals, {name}, * or a last **.")
