"""From `routes` and `page_edits` blocks to core's table, with the rules between them: names, none in the shade."""

from __future__ import annotations

from gateway.config.faults import Faults
from gateway.config.model_routes import ConditionBlock, InsertionBlock, PageEditBlock, RemovalBlock, RouteBlock
from gateway.config.paths import covers, doubt_about, example_path, wire_path
from gateway.core.apps import App, AppTable, Insertion, PageEdit, Removal
from gateway.core.html import parse_selector
from gateway.core.routes import Access, Condition, Place, Route, RouteTable, ValueSource

_CLOSES = frozenset({Access.FULL, Access.DENY})
_FORMATS = {ValueSource.THIS_MONTH: "%Y%m", ValueSource.TODAY: "%Y%m%d"}
_GET = (b"GET",)
PLAIN = "Name paths of letters, digits and - _ ! $ & ' , = @ . between slashes; with a code every other passes."


def build_routes(blocks: tuple[RouteBlock, ...], apps: tuple[App, ...], faults: Faults) -> tuple[Route, ...]:
    """Core's routes in file order, each with a name of its own; in any case where they belong to an app that ignores
    it."""
    table = AppTable(apps)
    names: dict[str, int] = {}
    routes = []
    for block in blocks:
        if block.name and block.name in names:
            what = f"the name is also on line {names[block.name]}."
            faults.add(block.at("name"), "duplicate-name", what, "Choose another: logs tell routes apart by it.")
        owner = table.owner(example_path(wire_path(block.path)))
        ignores_case = owner is not None and owner.ignores_case
        doubt = doubt_about(block.path, ignores_case=ignores_case)
        if doubt is not None:
            faults.add(block.at("path"), "doubtful-path", doubt, PLAIN)
        name = _free_name(block, names)
        names[name] = block.node.line
        routes.append(_route(block, name, ignores_case=ignores_case))
    _none_in_the_shade(routes, blocks, faults)
    return tuple(routes)


def _free_name(block: RouteBlock, names: dict[str, int]) -> str:
    methods = " ".join(method.decode() for method in block.methods or (() if block.access in _CLOSES else _GET))
    base = block.name or f"{methods or 'any'} {block.path}"
    name, number = base, 2
    while name in names:
        name, number = f"{base} #{number}", number + 1
    return name


def _route(block: RouteBlock, name: str, *, ignores_case: bool) -> Route:
    """`full` and `deny` close for every method unless the file names some; what opens, opens for GET."""
    methods = frozenset(block.methods or (() if block.access in _CLOSES else _GET))
    if b"GET" in methods:
        methods |= {b"HEAD"}
    return Route(
        name=name,
        path=wire_path(block.path),
        access=block.access,
        methods=methods,
        feature=block.feature,
        where=tuple(_condition(key, value) for key, value in block.where),
        line=block.node.line,
        ignores_case=ignores_case,
    )


def _condition(key: str, value: ValueSource | ConditionBlock) -> Condition:
    place, _, name = key.partition(".")
    if isinstance(value, ValueSource):
        return Condition(Place(place), name, value, date_format=_FORMATS.get(value, "%Y%m"))
    source = value.equals or ValueSource.LITERAL
    return Condition(
        place=Place(place),
        name=name,
        source=source,
        literals=value.one_of,
        date_format=value.format or _FORMATS.get(source, "%Y%m"),
        optional=value.optional,
    )


def _none_in_the_shade(routes: list[Route], blocks: tuple[RouteBlock, ...], faults: Faults) -> None:
    """A route that an earlier one covers never wins: it looks like a rule and is none."""
    table = RouteTable(tuple(routes))
    for number, (route, block) in enumerate(zip(routes, blocks, strict=True)):
        for candidate in table.candidates(example_path(route.path)):
            if candidate.order >= number:
                break
            earlier = candidate.route
            methods = not earlier.methods or (bool(route.methods) and route.methods <= earlier.methods)
            if methods and not earlier.where and covers(earlier.path, route.path):
                what = f"never reached: the route of line {earlier.line} ({earlier.path}) takes all of it."
                faults.add(block.at("path"), "never-reached", what, "Move this route up, or remove it.")
                break


def build_page_edits(blocks: tuple[PageEditBlock, ...], faults: Faults) -> tuple[PageEdit, ...]:
    """Core's page edits; selectors are tried here so that none fails at a request."""
    return tuple(_page_edit(block, faults) for block in blocks)


def _page_edit(block: PageEditBlock, faults: Faults) -> PageEdit:
    for removal in block.remove:
        _selector_fits(removal, "select", removal.select, faults)
    for one in block.insert:
        _selector_fits(one, one.spot.value, _selector_of(one), faults)
    return PageEdit(
        paths=tuple(wire_path(path) for path in block.path),
        remove=tuple(Removal(removal.select, removal.unless) for removal in block.remove),
        insert=tuple(Insertion(one.what, one.spot, _selector_of(one), one.wrap) for one in block.insert),
        line=block.node.line,
    )


def _selector_of(block: InsertionBlock) -> str:
    text: str = getattr(block, block.spot.value)
    return text


def _selector_fits(block: RemovalBlock | InsertionBlock, key: str, text: str, faults: Faults) -> None:
    if not text:
        return  # a fault already
    try:
        parse_selector(text)
    except ValueError as error:
        remedy = "Write tag, #id, .class, [a=v], [a^=v] or [a*=v], also combined: a.icon[href^=/shugyo]."
        faults.add(block.at(key), "bad-selector", f"{text!r}: {error}.", remedy)
