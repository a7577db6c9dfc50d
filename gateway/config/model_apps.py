"""`apps`: the apps behind the gateway, how one signs in to them and out of them (A2, A12)."""

from __future__ import annotations

from gateway.config.blocks import Block, Record, block, key, optional
from gateway.config.faults import Faults
from gateway.config.shapes import ListOf, MapOf
from gateway.config.words import (
    CHARSET,
    FILE,
    FLAG,
    HOST_NAME,
    METHOD,
    NAME,
    ORIGIN,
    PAGE,
    PATH,
    STATUS,
    TEXT,
    TOKEN,
    Origin,
    words,
)

NO_POSITIVE = "Add status, location, cookie, header, body or element: silence proves no sign-in."


@block
class AnswerTestBlock(Block):
    """One test of an app's answer; every part must hold."""

    status: tuple[int, ...] = key(ListOf(STATUS, one=True, few=1), "The status, or several of which one.", default=())
    location: tuple[str, ...] = key(ListOf(TEXT, one=True, few=1), "Globs over Location; * is any text.", default=())
    cookie: tuple[str, ...] = key(ListOf(TEXT, one=True, few=1), "Names of cookies; one is set anew.", default=())
    header: tuple[tuple[str, str], ...] = key(MapOf(TEXT, TOKEN), "Header names, each with a glob.", default=())
    body: tuple[str, ...] = key(ListOf(TEXT, one=True, few=1), "Texts that the page holds, all of them.", default=())
    body_lacks: tuple[str, ...] = key(ListOf(TEXT, one=True, few=1), "Texts that the page lacks.", default=())
    element: tuple[str, ...] = key(ListOf(TEXT, one=True, few=1), "Selectors that the page holds: #menu.", default=())

    @property
    def positive(self) -> bool:
        """Whether something must be there, rather than be absent."""
        return bool(self.status or self.location or self.cookie or self.header or self.body or self.element)

    @property
    def status_alone(self) -> bool:
        """Whether any answer of that status passes."""
        return not (self.location or self.cookie or self.header or self.body or self.body_lacks or self.element)


@block
class LoginIdBlock(Block):
    """Where the sign-in request carries the login ID."""

    form: str = key(TEXT, "The name of the form field.", default="")
    json: str = key(TEXT, "The path in a JSON body: user.id.", default="", name="json")
    query: str = key(TEXT, "The name in the query.", default="")

    def check(self, faults: Faults) -> None:
        """Exactly one place."""
        if sum(1 for value in (self.form, self.json, self.query) if value) != 1:
            faults.add(self.node, "one-of", "say exactly one of form, json and query.", "For a form: {form: login_id}.")


@block
class SignInBlock(Block):
    """One sign-in address of an app."""

    name: str = key(NAME, "A name for logs: pc, phone.", default="")
    path: str = key(PATH, "The path that the sign-in form is sent to.")
    method: bytes = key(METHOD, "The method that it is sent with.", default=b"POST")
    methods: tuple[bytes, ...] = key(ListOf(METHOD, few=1), "Several methods instead of one.", default=())
    login_id: LoginIdBlock = key(Record(LoginIdBlock), "Where the request carries the login ID: {form: login_id}.")
    password: str = key(
        TEXT,
        "Where the request carries the password, named like login_id: for checking one before a reset. Default: the"
        " password field of the form on sign_in_page; json and query need it written.",
        default="",
    )
    success: tuple[AnswerTestBlock, ...] = key(
        ListOf(Record(AnswerTestBlock), one=True, few=1),
        "What the answer to a right password looks like; one must hold.",
    )
    failure: tuple[AnswerTestBlock, ...] = key(
        ListOf(Record(AnswerTestBlock), one=True, few=1), "What it never looks like; none may hold.", default=()
    )
    charset: str = key(CHARSET, "The charset of the form and the page.", default="utf-8")
    anywhere: bool = key(
        FLAG,
        "The app takes the fields of this form at every address (Plone, DokuWiki): anywhere else they are refused.",
        default=False,
    )
    framed: bool = key(
        FLAG, "The app stands in frames: the gateway's pages may be shown within one of its own.", default=False
    )
    cross_site: bool = key(
        FLAG, "The form stands on a page of another site; else login CSRF is refused.", default=False
    )
    deliver: str = key(
        words("after-code", "at-once"),
        "When the browser gets the app's answer. at-once: for scripts; cookies are withheld all the same.",
        default="after-code",
    )

    def check(self, faults: Faults) -> None:
        """A success that an empty answer passes signs everybody in."""
        if self.methods and self.node.find("method"):
            faults.add(self.at("methods"), "one-of", "method and methods are both given.", "Keep one of the two.")
        for number, test in enumerate(self.success):
            if not test.positive:
                place = self.at("success", number) if len(self.success) > 1 else self.at("success")
                faults.add(place, "not-positive", "the rule demands nothing of the answer.", NO_POSITIVE)
        for test in self.failure:
            if not test.positive and not test.body_lacks:
                faults.add(test.node, "empty", "the rule names nothing.", "Name what a failure looks like.")


@block
class SignOutBlock(Block):
    """An address that ends the app's session."""

    path: str = key(PATH, "The path.")
    methods: tuple[bytes, ...] = key(ListOf(METHOD, one=True, few=1), "The methods; default: any.", default=())
    query: tuple[tuple[str, str], ...] = key(
        MapOf(TEXT, TEXT), "Parameters that make this address one, such as {do: logout}.", default=()
    )


@block
class CookiesBlock(Block):
    """Which cookies stay in the vault."""

    vault: tuple[str, ...] = key(
        ListOf(TEXT, one=True, few=1), "Names that browsers never see; * is any text.", default=("*",)
    )
    passed: tuple[str, ...] = key(
        ListOf(TEXT, one=True), "Names that pass to and from browsers.", default=(), name="pass"
    )


@block
class HeadersBlock(Block):
    """Credentials headers."""

    passed: tuple[str, ...] = key(
        ListOf(words("authorization", "proxy-authorization"), one=True),
        "Headers that reach the app.",
        default=(),
        name="pass",
    )


@block
class AppTlsBlock(Block):
    """apps.NAME.tls"""

    ca: str = key(FILE, "The authorities that may vouch for the app, in PEM; default: the system's.", default="")
    server_name: str = key(TEXT, "Whom the app's certificate names; default: the host of upstream.", default="")
    certificate: str = key(FILE, "A certificate of ours that the app asks for: its chain in PEM.", default="")
    key: str = key(FILE, "Its key, without a passphrase; default: in the certificate's file.", default="")

    def check(self, faults: Faults) -> None:
        """A key belongs to a certificate."""
        if self.key and not self.certificate:
            faults.add(self.at("key"), "one-of", "key without certificate.", "Write certificate, too.")


@block
class AppBlock(Block):
    """One app."""

    upstream: tuple[Origin, ...] = key(
        ListOf(ORIGIN, one=True, few=1),
        "Where the app listens: http://127.0.0.1:9001. Several addresses share its requests.",
    )
    balance: str = key(
        words("sticky", "least"),
        "Of several addresses: sticky: who has a session of the app stays at its address; least: always the least busy,"
        " for apps that keep sessions where all addresses find them.",
        default="sticky",
    )
    tls: AppTlsBlock | None = optional(
        Record(AppTlsBlock), "For https: how the app proves itself. Certificate and name are always checked."
    )
    paths: tuple[str, ...] = key(
        ListOf(PATH, one=True, few=1), "Prefixes of the app's paths; the longest of all apps wins: [/]."
    )
    public_host: str = key(
        HOST_NAME,
        "The host name in the browser where it is not that of public_url; scheme and port are the same. Sessions belong"
        " to one host, paths and routes too.",
        default="",
    )
    host: str = key(TEXT, "The Host that the app sees: keep (the browser's), upstream, or a name.", default="keep")
    cookies: CookiesBlock | None = optional(Record(CookiesBlock), "Default: every cookie stays in the vault.")
    session_ids: tuple[str, ...] = key(
        ListOf(TOKEN, one=True), "Names of session IDs in addresses: ;jsessionid=, ?SID=.", default=("jsessionid",)
    )
    headers: HeadersBlock | None = optional(Record(HeadersBlock), "Default: no credentials header reaches the app.")
    ignores_case: bool = key(
        FLAG,
        "The app takes /Top for /top (IIS, ASP.NET): its routes, sign-in and sign-out addresses count in any case.",
        default=False,
    )
    sign_in_page: str = key(
        PAGE,
        "The page with the sign-in form, where 「キャンセル」 leads; it may have a query: /index.php?do=login.",
        default="",
    )
    sign_in: tuple[SignInBlock, ...] = key(ListOf(Record(SignInBlock), one=True), "Its sign-in addresses.", default=())
    sign_out: tuple[SignOutBlock, ...] = key(
        ListOf(Record(SignOutBlock), one=True), "Its sign-out addresses.", default=()
    )

    def check(self, faults: Faults) -> None:
        """Several addresses are the same app."""
        if len({(origin.scheme, origin.host, origin.port) for origin in self.upstream}) < len(self.upstream):
            faults.add(self.at("upstream"), "duplicate", "an address stands here twice.", "Keep one of the two.")
        if len({origin.scheme for origin in self.upstream}) > 1:
            what = "some addresses are http, others https."
            faults.add(self.at("upstream"), "one-of", what, "Write all of an app's addresses with one scheme.")
        if self.tls is not None and self.upstream and self.upstream[0].scheme != "https":
            faults.add(self.at("tls"), "no-https", "upstream is not https.", "Write https:// or leave tls out.")
        if self.host == "upstream" and len(self.upstream) > 1:
            faults.add(
                self.at("host"), "one-of", "upstream has several addresses.", "Write the name that the app wants."
            )
