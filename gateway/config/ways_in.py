"""Warnings: the file is right, yet one way in stays open, or a rule can't do what it seems to (A12).

None of these is a fault: an operator may have a reason. `check` prints them, `serve` logs them.
"""

from __future__ import annotations

import re

from gateway.config.faults import Faults
from gateway.config.model import FileBlock
from gateway.config.model_apps import AppBlock, SignInBlock
from gateway.config.model_routes import RouteBlock
from gateway.config.paths import covers, example_path, wire_path
from gateway.core.apps import App
from gateway.core.routes import Access, Route, RouteTable

# XSRF-TOKEN, csrftoken: for scripts to read, and no sign-in.
_SESSION_LIKE = re.compile(r"(?!.*[cx]srf).*(?:sess|^sid$|auth|token|remember|login|^jwt)|.*\*", re.IGNORECASE)
_CHANGING = frozenset({b"POST", b"PUT", b"PATCH", b"DELETE"})
_LOOSE = (
    ("location", "other sites' and forged ones too", "/top*"),
    ("cookie", "one that the app sets at a failed sign-in or for something else too", "app_session_*"),
)


def warn_of_ways_in(file: FileBlock, apps: tuple[App, ...], routes: tuple[Route, ...], faults: Faults) -> None:
    """Note every way in that stays open by what the file says. Called when nothing is faulty."""
    table = RouteTable(routes)
    for route, block in zip(routes, file.routes, strict=True):
        if route.access is Access.PUBLIC:
            _public_route(route, block, apps, faults)
    for name, app_block in file.apps:
        _credentials(app_block, faults)
        _sign_out(name, app_block, faults)
        _password(name, app_block, faults)
        for rule in app_block.sign_in:
            _sign_in(rule, table, faults)
            _page_as_answer(rule, file, faults)
        page = app_block.sign_in_page or (app_block.sign_in[0].path if app_block.sign_in else "")
        path = page.partition("?")[0]
        if path and not _public(table, wire_path(path), b"GET"):
            what = f"GET {path} is not public: nobody who is signed out sees the sign-in page."
            remedy = f"Add the route {{path: {path}, access: public}}."
            faults.warn(app_block.at("sign_in_page"), "sign-in-page-closed", what, remedy)
    _proxies(file, faults)


def _public_route(route: Route, block: RouteBlock, apps: tuple[App, ...], faults: Faults) -> None:
    place = block.at("path")
    if route.path == "/**":
        remedy = "Name what is public; everything else needs a session by itself."
        faults.warn(place, "public-everything", "every path is public: the gateway guards nothing.", remedy)
    elif route.path.endswith("/**") and any(prefix.decode() == route.path[:-2] for app in apps for prefix in app.paths):
        what = "everything of an app is public."
        faults.warn(place, "public-app", what, "Name what is public; everything else needs a session by itself.")
    changing = sorted(method.decode() for method in route.methods & _CHANGING) or ([] if route.methods else ["any"])
    doors = {rule.path for app in apps for rule in app.sign_in}
    if changing and route.path not in doors:
        what = f"{', '.join(changing)} without any session: if this signs in, renews a password or takes an API key, "
        what += "it is a way past the second factor."
        faults.warn(place, "public-post", what, "Remove the method, or make sure that it only reads.")


def _sign_in(rule: SignInBlock, table: RouteTable, faults: Faults) -> None:
    """What else reaches a sign-in address, and rules that believe too much."""
    path = wire_path(rule.path)
    known = set(rule.methods or (rule.method,))
    for candidate in table.candidates(example_path(path) if "*" in path or "{" in path else path.encode()):
        route = candidate.route
        further = sorted(method.decode() for method in route.methods - known - {b"GET", b"HEAD"})
        if route.access is Access.PUBLIC and (further or not route.methods):
            what = f"line {route.line} makes {', '.join(further) or 'any method'} public here; no rule looks at those."
            remedy = "Remove these methods from the route, or add them to the sign-in rule."
            faults.warn(rule.at("path"), "further-methods", what, remedy)
    for test in rule.success:
        if test.status_alone:
            statuses = ", ".join(str(status) for status in test.status)
            what = f"every answer with status {statuses} counts as a sign-in, a failed one too."
            faults.warn(test.node, "status-alone", what, "Add location, cookie, body or element.")
        for name, more, fixed in _LOOSE:
            loose = [glob for glob in getattr(test, name) if glob.startswith("*")]
            if loose:
                what = f"{loose[0]!r} fits every {name} that ends so, {more}."
                faults.warn(test.at(name), "loose-wildcard", what, f"Begin with the fixed part: {fixed}.")
    if rule.deliver == "at-once":
        what = "the script gets the answer before a code was entered: anything in it but cookies is theirs to use."
        faults.warn(rule.at("deliver"), "at-once", what, "Use it only if the answer carries no token.")


def _page_as_answer(rule: SignInBlock, file: FileBlock, faults: Faults) -> None:
    """A page that is the answer to the sign-in shows all icons unless an edit covers its path."""
    may_be_page = any(not test.status or 200 in test.status for test in rule.success)
    redirects = all(test.location for test in rule.success)
    if not may_be_page or redirects or not file.page_edits:
        return
    path = wire_path(rule.path)
    if not any(covers(wire_path(edited), path) for edit in file.page_edits for edited in edit.path):
        what = f"the answer may be a page, and no page_edits covers {rule.path}: restricted sessions see all of it."
        faults.warn(rule.at("path"), "page-unedited", what, f"Add {rule.path} to a page_edits entry.")


def _credentials(block: AppBlock, faults: Faults) -> None:
    if block.headers and block.headers.passed:
        what = f"whoever knows a password or key may send {', '.join(block.headers.passed)} and needs no code."
        faults.warn(block.headers.node, "credentials-header", what, "Remove it unless the app ignores it for people.")
    for number, name in enumerate(block.cookies.passed if block.cookies else ()):
        if block.cookies and _SESSION_LIKE.match(name):
            what = f"{name!r} looks like a session or a remembered sign-in, and browsers get it."
            faults.warn(block.cookies.at("pass", number), "session-cookie-passed", what, "Leave it in the vault.")
    if block.cookies and "*" not in block.cookies.vault:
        what = "cookies beyond these reach browsers: a session cookie that is not named here gets out of the vault."
        faults.warn(block.cookies.at("vault"), "open-vault", what, 'Write vault: ["*"] and name what may pass.')
    if not block.session_ids:
        what = "session IDs in addresses (;jsessionid=, ?SID=) pass unseen: whoever has one needs no code."
        faults.warn(block.at("session_ids"), "session-ids", what, "Name them, or make sure that the app has none.")


def _sign_out(name: str, block: AppBlock, faults: Faults) -> None:
    if block.sign_in and not block.sign_out:
        what = f"「キャンセル」 can't end the session in {name}: it goes on there until the app forgets it."
        faults.warn(block.at("sign_in"), "no-sign-out", what, "Add sign_out: [{path: /logout}].")


def _password(name: str, block: AppBlock, faults: Faults) -> None:
    """A script's request cannot be read off a page: without the field's name no reset can ask for a password."""
    if block.sign_in and not any(rule.login_id.form or rule.password for rule in block.sign_in):
        what = f"passwords of people who sign in to {name} can't be checked: they can reset nothing themselves."
        faults.warn(block.at("sign_in", 0), "password-unknown", what, "Add password: the field's name, as in login_id.")


def _public(table: RouteTable, path: str, method: bytes) -> bool:
    for candidate in table.candidates(path.encode()):
        route = candidate.route
        if not route.methods or method in route.methods:
            return route.access is Access.PUBLIC
    return False


def _proxies(file: FileBlock, faults: Faults) -> None:
    """Two mistakes of the layer in front."""
    for number, network in enumerate(file.trusted_proxies):
        if network.prefixlen == 0:
            what = "everybody may say which address they come from."
            faults.warn(file.at("trusted_proxies", number), "trusts-everybody", what, "Name the proxies alone.")
    if file.public_url.scheme == "http":
        what = "plain http: fine on this machine, never for people elsewhere."
        remedy = "In production write https://… and end TLS here or in front."
        faults.warn(file.at("public_url"), "plain-http", what, remedy)
