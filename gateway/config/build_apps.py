"""From `apps` blocks to core's apps, with the rules between apps: who owns which path, and where one signs in."""

from __future__ import annotations

from pathlib import Path

from gateway.config.certificates import PairRefused
from gateway.config.faults import Faults
from gateway.config.model_apps import AnswerTestBlock, AppBlock, SignInBlock, SignOutBlock
from gateway.config.model_routes import path_faults
from gateway.config.nodes import Node
from gateway.config.paths import beside, doubt_about, wire_page, wire_path
from gateway.config.upstream_tls import upstream_context
from gateway.core.apps import App, AppTable, UpstreamAddress, UpstreamTls
from gateway.core.cookies import CookieRules
from gateway.core.html import parse_selector
from gateway.core.signin import AnswerTest, FieldPlace, SignInRule, SignOutRule

NamedApp = tuple[str, AppBlock]


def build_apps(blocks: tuple[NamedApp, ...], folder: Path, faults: Faults) -> tuple[App, ...]:
    """Core's apps. Their sign-in pages are settled; every fault between them is noted."""
    _one_owner_per_prefix(blocks, faults)
    signing = [(name, block) for name, block in blocks if block.sign_in]
    if not signing and not faults.any_under("apps"):
        place = blocks[0][1].node if blocks else None
        if place is not None:
            faults.add(place, "no-sign-in", "no app has sign_in: nobody can ever sign in.", "Add sign_in to one app.")
    apps = tuple(_app(name, block, signing, folder, faults) for name, block in blocks)
    if not faults.any_under("apps"):
        _doors_belong(apps, blocks, faults)
    return apps


def _one_owner_per_prefix(blocks: tuple[NamedApp, ...], faults: Faults) -> None:
    owners: dict[str, str] = {}
    for name, block in blocks:
        for number, prefix in enumerate(block.paths):
            owner = owners.setdefault(prefix, name)
            place = block.at("paths", number)
            if owner != name:
                what = f"{prefix} belongs to {owner} already."
                faults.add(place, "duplicate-prefix", what, "Give it to one of the two apps.")
            if any(character in prefix for character in "*{}"):
                faults.add(place, "bad-path", "a prefix has no wildcards.", "Write the beginning of the path alone.")


def _app(name: str, block: AppBlock, signing: list[NamedApp], folder: Path, faults: Faults) -> App:
    address, *more = [UpstreamAddress(origin.scheme, origin.host, origin.port) for origin in block.upstream]
    cookies = block.cookies
    return App(
        name=name,
        address=address,
        paths=tuple(wire_path(prefix).encode() for prefix in block.paths),
        cookies=CookieRules(cookies.vault, cookies.passed) if cookies else CookieRules(),
        sign_in_page=_sign_in_page(block, signing, faults),
        sign_in=tuple(
            _sign_in(name, rule, number, faults, ignores_case=block.ignores_case)
            for number, rule in enumerate(block.sign_in)
        ),
        sign_out=tuple(_sign_out(name, rule, faults, ignores_case=block.ignores_case) for rule in block.sign_out),
        host_header=_host_header(block, faults),
        session_id_names=block.session_ids,
        pass_headers=frozenset(header.encode() for header in (block.headers.passed if block.headers else ())),
        ignores_case=block.ignores_case,
        more_addresses=tuple(more),
        sticky=block.balance == "sticky",
        tls=_tls(block, folder, faults),
    )


def _tls(block: AppBlock, folder: Path, faults: Faults) -> UpstreamTls:
    """The files, tried out: better refused here than at the first request."""
    if block.tls is None:
        return UpstreamTls()
    ca, certificate, key = (
        str(beside(folder, file).absolute()) if file else ""
        for file in (block.tls.ca, block.tls.certificate, block.tls.key)
    )
    tls = UpstreamTls(ca, block.tls.server_name, certificate, key)
    try:
        upstream_context(tls)
    except PairRefused as refused:
        place = block.tls.at("ca" if refused.code == "bad-ca" else "certificate")
        faults.add(place, refused.code, f"{refused.what}.", refused.remedy)
    return tls


def _sign_in_page(block: AppBlock, signing: list[NamedApp], faults: Faults) -> str:
    """What the file says, else the app's own sign-in address, else that of the only app that has one."""
    if block.sign_in_page:
        path = block.sign_in_page.partition("?")[0]
        _plain_path(path, block.at("sign_in_page"), faults, ignores_case=block.ignores_case)
        return wire_page(block.sign_in_page)
    if block.sign_in:
        return wire_path(block.sign_in[0].path)
    if len(signing) == 1:
        other = signing[0][1]
        return wire_page(other.sign_in_page or other.sign_in[0].path)
    if signing:
        names = ", ".join(name for name, _ in signing)
        remedy = f"Write sign_in_page: the page of one of {names}."
        faults.add(block.node, "no-sign-in-page", "the app has no sign_in, and several others have one.", remedy)
    return "/"


def _host_header(block: AppBlock, faults: Faults) -> bytes | None:
    if block.host == "keep":
        return None
    if block.host == "upstream":
        upstream = block.upstream[0]
        return UpstreamAddress(upstream.scheme, upstream.host, upstream.port).authority
    try:
        literal = block.host.encode("ascii")
    except UnicodeEncodeError:
        literal = b""
    if not literal or any(byte in b" /\\@?#," for byte in literal):
        faults.add(block.at("host"), "bad-value", "no host name.", "Write keep, upstream, or a name such as app.local.")
    return literal


def _sign_in(app: str, block: SignInBlock, number: int, faults: Faults, *, ignores_case: bool) -> SignInRule:
    _door_path(block, faults, ignores_case=ignores_case)
    where = block.login_id
    place, field = FieldPlace.QUERY, where.query
    if where.form:
        place, field = FieldPlace.FORM, where.form
    elif where.json:
        place, field = FieldPlace.JSON, where.json
    return SignInRule(
        name=block.name or f"{app}-{number + 1}",
        app=app,
        path=wire_path(block.path),
        methods=frozenset(block.methods or (block.method,)),
        place=place,
        field=field,
        success=tuple(_answer_test(test, faults) for test in block.success),
        failure=tuple(_answer_test(test, faults) for test in block.failure),
        charset=block.charset,
        framed=block.framed,
        cross_site=block.cross_site,
        deliver_at_once=block.deliver == "at-once",
        password=block.password,
        line=block.node.line,
        ignores_case=ignores_case,
        anywhere=block.anywhere,
    )


def _sign_out(app: str, block: SignOutBlock, faults: Faults, *, ignores_case: bool) -> SignOutRule:
    _door_path(block, faults, ignores_case=ignores_case)
    return SignOutRule(
        app, wire_path(block.path), frozenset(block.methods), block.query, block.node.line, ignores_case=ignores_case
    )


def _door_path(block: SignInBlock | SignOutBlock, faults: Faults, *, ignores_case: bool) -> None:
    for what in path_faults(block.path):
        faults.add(block.at("path"), "bad-path", what, "Segments are literals, {name}, * or a last **.")
    _plain_path(block.path, block.at("path"), faults, ignores_case=ignores_case)


def _plain_path(path: str, place: Node, faults: Faults, *, ignores_case: bool) -> None:
    doubt = doubt_about(path, ignores_case=ignores_case)
    if doubt is not None:
        remedy = "Many apps have the same page at a plain path with a query: /index.php?title=… for /index.php/A(B)."
        faults.add(place, "doubtful-path", doubt, remedy)


def _answer_test(block: AnswerTestBlock, faults: Faults) -> AnswerTest:
    for number, selector in enumerate(block.element):
        try:
            parse_selector(selector)
        except ValueError as error:
            place = block.at("element", number)
            faults.add(place, "bad-selector", f"{selector!r}: {error}.", "Write tag, #id, .class or [name=value].")
    return AnswerTest(
        status=frozenset(block.status) or None,
        location=block.location,
        cookie_set=block.cookie,
        header=block.header,
        body_has=block.body,
        body_lacks=block.body_lacks,
        element=block.element,
    )


def _doors_belong(apps: tuple[App, ...], blocks: tuple[NamedApp, ...], faults: Faults) -> None:
    """Each sign-in and sign-out address is the app's own, each sign-in page that of an app with sign-in."""
    table = AppTable(apps)
    doors: dict[tuple[str, bytes, FieldPlace, str], str] = {}
    for app, (name, block) in zip(apps, blocks, strict=True):
        paths = [("sign_in", number, rule.path) for number, rule in enumerate(app.sign_in)]
        paths += [("sign_out", number, rule.path) for number, rule in enumerate(app.sign_out)]
        for kind, number, path in paths:
            owner = table.owner(_example(path))
            if owner is not app:
                whose = f"belongs to {owner.name}" if owner else "belongs to no app"
                remedy = f"Move the rule there, or add the path to apps.{name}.paths."
                faults.add(block.at(kind, number, "path"), "foreign-path", f"{path} {whose}.", remedy)
        for number, rule in enumerate(app.sign_in):
            for method in rule.methods:
                first = doors.setdefault((rule.path, method, rule.place, rule.field), f"{name}.sign_in[{number}]")
                if first != f"{name}.sign_in[{number}]":
                    what = f"{method.decode()} {rule.path} is in apps.{first} already."
                    faults.add(block.at("sign_in", number), "duplicate-sign-in", what, "Keep one of the two.")
        if faults.any_under("apps"):
            continue  # a door in the wrong place: what follows from it is no second fault
        page_owner = table.owner(app.sign_in_page.partition("?")[0].encode())
        if any(other.sign_in for other in apps) and (page_owner is None or not page_owner.sign_in):
            what = f"{app.sign_in_page} belongs to no app that has sign_in."
            faults.add(block.at("sign_in_page"), "no-sign-in-page", what, "Name the page with the sign-in form.")


def _example(path: str) -> bytes:
    """A path that the pattern fits."""
    return "/".join("x" if part[:1] in ("{", "*") else part for part in path.split("/")).encode()
