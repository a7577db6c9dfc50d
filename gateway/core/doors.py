"""The ways in and out that the configuration names: sign-in and sign-out addresses, found by exact bytes.

A spelling that some app might still read as one of these addresses is no door but a trap: through `//login` a person
with a code for their own ID could sign in as somebody else and keep the level. Such spellings are refused for all.
"""

from __future__ import annotations

import re

from gateway.core.escapes import unescape
from gateway.core.params import Missing, parse_query
from gateway.core.path_folding import folded_path
from gateway.core.routes import Access, Route, RouteTable
from gateway.core.signin import SignInRule, SignOutRule

_ROUNDS = 4
_INDEX = re.compile(r"/(?:index|default)\.[a-z0-9]+\Z")  # what servers show for the folder


class Doors:
    """Sign-in and sign-out rules over the same tree of path segments that the route table uses."""

    def __init__(self, sign_in: tuple[SignInRule, ...], sign_out: tuple[SignOutRule, ...]) -> None:
        self._sign_in = sign_in
        self._sign_out = sign_out
        self._anywhere = tuple(rule for rule in sign_in if rule.anywhere)
        self._in_table = _table(sign_in)
        self._out_table = _table(sign_out)
        named = [_bare(rule.path) for rule in sign_in] + [_bare(rule.path) for rule in sign_out if not rule.query]
        named = [path for path in named if not path.endswith("**")]
        self._folded = RouteTable(tuple(Route(path, path, Access.DENY) for path in named))
        beside = [(f"{_bare(rule.path)}{rest}", str(n)) for n, rule in enumerate(sign_in) for rest in ("", "/**")]
        beside += [(_INDEX.sub("", _bare(rule.path)), str(n)) for n, rule in enumerate(sign_in)]
        self._beside = RouteTable(
            tuple(Route(name, path or "/", Access.PUBLIC) for path, name in beside if "**/" not in path)
        )

    def sign_in(self, method: bytes, path: bytes) -> tuple[SignInRule, ...]:
        """The rules that may recognise this request as a sign-in, in file order; exact bytes only."""
        return tuple(rule for rule in self._rules(self._in_table, path) if method in rule.methods)

    def beside(self, path: bytes, *, doubtful: bool) -> tuple[SignInRule, ...]:
        """The rules whose address some app might see in this path, whatever the method: the address itself, `/Login`,
        `/login/`, `/login.php/x`, which PHP hands to `/login.php`, and `/` for `/index.php`."""
        folded = folded_path(path) if doubtful else path.lower()
        return self._rules(self._beside, folded.rstrip(b"/") or b"/")

    def anywhere(self, app: str) -> tuple[SignInRule, ...]:
        """The rules whose fields this app takes at every address."""
        return tuple(rule for rule in self._anywhere if rule.app == app) if self._anywhere else ()

    def _rules(self, table: RouteTable, path: bytes) -> tuple[SignInRule, ...]:
        found = dict.fromkeys(int(candidate.route.name) for candidate in table.candidates(path))
        return tuple(self._sign_in[number] for number in sorted(found))

    def sign_out(self, method: bytes, path: bytes, query: bytes | None) -> SignOutRule | None:
        """The rule by which this request signs out, or None; exact bytes only."""
        for candidate in self._out_table.candidates(path):
            rule = self._sign_out[int(candidate.route.name)]
            if (not rule.methods or method in rule.methods) and _says(query, rule.query):
                return rule
        return None

    def minds_query(self, path: bytes) -> bool:
        """Whether it hangs on the query whether a request for this path signs somebody in or out."""
        if self._anywhere or self.beside(path, doubtful=False):
            return True
        return any(self._sign_out[int(found.route.name)].query for found in self._out_table.candidates(path))

    def opens_folded(self, folded: bytes) -> bool:
        """Whether some app might read a path that folds to this one as a sign-in or sign-out address."""
        return self._folded.denies_folded(folded.rstrip(b"/")) is not None


def _table(rules: tuple[SignInRule | SignOutRule, ...]) -> RouteTable:
    """Numbers of rules by their paths."""
    return RouteTable(
        tuple(
            Route(str(number), rule.path, Access.PUBLIC, ignores_case=rule.ignores_case)
            for number, rule in enumerate(rules)
        )
    )


def _says(query: bytes | None, wanted: tuple[tuple[str, str], ...]) -> bool:
    """In doubt it signs out, where the value stands anywhere in the query: nothing is lost but a session. Apps name a
    parameter twice or send it in their own charset all day long, and that alone must not end one."""
    if not wanted:
        return True
    parameters = parse_query(query)
    for name, value in wanted:
        said = Missing.DOUBT if parameters is None else parameters.only(name)
        if said != value and (said is not Missing.DOUBT or not _holds(query or b"", value.encode())):
            return False
    return True


def _holds(query: bytes, value: bytes) -> bool:
    """Whether some app might read this value out of some parameter, however often it decodes."""
    value = value.lower()
    for _ in range(_ROUNDS):
        if value in query.lower() or value in query.lower().replace(b"+", b" "):
            return True
        decoded = unescape(query)
        if decoded == query:
            return False
        query = decoded
    return True


def _bare(path: str) -> str:
    return path.lower().rstrip("/")
