"""What a header is to the gateway, by its name alone: requests in KINDS, answers in ANSWER_KINDS.

    raw name ── fold (lower case, `_` and `.` to `-`) ── kind        cached by the raw name, so folding costs nothing

CGI-like back ends turn `-`, `_` and `.` into the same variable (`php -S` maps `X_Auth` and `X.Auth` onto HTTP_X_AUTH,
CVE-2025-64484), so a name is judged by its fold and only the plain spelling may pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum


class Kind(IntEnum):
    """What happens to a header on its way to an app. KEEP is 0 so that the common case tests false."""

    KEEP = 0
    DROP = 1  # hop-by-hop, identity, override, or set by the gateway itself
    CREDENTIAL = 2  # passes only where the app's `pass_headers` names it
    COOKIE = 3
    HOST = 4
    CONNECTION = 5
    LENGTH = 6
    TRANSFER = 7
    EXPECT = 8
    FORWARDED_FOR = 9
    SMUGGLED = 10  # another spelling of Host, Content-Length or Transfer-Encoding
    BAD = 11  # not a token (RFC 9110 5.1)


_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CACHE_ENTRIES = 4096
_CACHED_NAME_BYTES = 64

_EXACT: dict[bytes, Kind] = {
    b"authorization": Kind.CREDENTIAL,
    b"proxy-authorization": Kind.CREDENTIAL,
    b"cookie": Kind.COOKIE,
    b"cookie2": Kind.DROP,
    b"host": Kind.HOST,
    b"connection": Kind.CONNECTION,
    b"content-length": Kind.LENGTH,
    b"transfer-encoding": Kind.TRANSFER,
    b"expect": Kind.EXPECT,
    b"x-forwarded-for": Kind.FORWARDED_FOR,
}

# RFC 9110 7.6.1 and what older proxies invented. HTTP2-Settings: an upgrade nobody accepts (h2c smuggling).
_HOP_BY_HOP = b"keep-alive proxy-connection proxy-authenticate te trailer upgrade http2-settings max-forwards"

# Path, method and origin overrides (CVE-2018-14773; `Proxy` is httpoxy) and who or where somebody claims to be.
_OVERRIDES = (
    b"proxy destination request-uri base-url proxy-url front-end-https https "
    b"method-override http-method-override x-http-method x-http-method-override x-method-override "
    b"x-request-uri x-request-url x-proxy-url x-wap-profile x-host x-scheme x-url-scheme x-protocol x-https x-ssl "
    b"x-override-url x-http-destinationurl x-destination-url x-rewrite x-forwarded url uri http-url proxy-host "
    b"x-proxy-host x-backend-host"
)
_IDENTITY = (
    b"forwarded client-ip true-client-ip cf-connecting-ip cf-connecting-ipv6 fastly-client-ip x-cluster-client-ip "
    b"x-original-forwarded-for x-originating-ip x-user x-username x-user-id x-user-name x-email x-groups x-roles x-aal "
    b"iv-user iv-groups sm-user smuser x-iisnode-auth-user client-cert client-cert-chain x-userinfo x-principal "
    b"x-forward-for x-forwarder-for forwarded-for forwarded-for-ip x-custom-ip-authorization x-proxyuser-ip x-true-ip "
    b"cluster-client-ip real-ip source-ip x-source-ip x-from-ip x-ip x-true-client-ip akamai-client-ip fly-client-ip "
    b"x-nf-client-connection-ip x-appengine-user-ip x-azure-clientip x-azure-socketip"
)
_DROPPED_PREFIXES = (
    b"x-forwarded-",
    b"x-original-",
    b"x-rewrite-",
    b"x-envoy-",
    b"x-accel-",
    b"x-sendfile",
    b"x-sekisho-",
    b"x-http-method",
    b"x-real-",
    b"x-client-",
    b"x-remote-",
    b"remote-",
    b"x-auth-",
    b"x-authenticated-",
    b"x-authentik-",
    b"x-webauth-",
    b"x-arr-",
    b"x-ssl-",
    b"ssl-",
    b"x-goog-authenticated-",
    b"x-goog-iap-",
    b"x-consumer-",
    b"x-pomerium-",
    b"x-vouch-",
    b"x-tls-",
    b"tailscale-",
    b"x-amzn-oidc-",
    b"x-ms-client-principal",
    b"x-ms-token-",
    b"cf-access-",
    b"oidc-",
    b"shib-",
    b"mellon-",
)
for _name in (_HOP_BY_HOP + b" " + _OVERRIDES + b" " + _IDENTITY).split():
    _EXACT[_name] = Kind.DROP

_SMUGGLED = (Kind.HOST, Kind.LENGTH, Kind.TRANSFER)


def fold(name: bytes) -> bytes:
    """The one variable that a CGI-like back end makes of all spellings."""
    return name.lower().replace(b"_", b"-").replace(b".", b"-")


def _judge(name: bytes) -> Kind:
    if _TOKEN.fullmatch(name) is None:
        return Kind.BAD
    folded = fold(name)
    kind = _EXACT.get(folded, Kind.KEEP)
    if folded != name.lower():
        return Kind.SMUGGLED if kind in _SMUGGLED else Kind.DROP
    if kind is Kind.KEEP and folded.startswith(_DROPPED_PREFIXES):
        return Kind.DROP
    return kind


class AnswerKind(IntEnum):
    """What happens to an app's header on its way to the browser. What is below DROP goes on, if the vault lets it."""

    KEEP = 0
    SET_COOKIE = 1
    ADDRESS = 2  # may hold a session ID, or the app's own host name
    DROP = 3  # hop-by-hop, or the gateway's own
    CONNECTION = 4
    LENGTH = 5
    TRANSFER = 6


# Standard ones first, then where page-swapping scripts, debuggers and old browsers look for one.
_ADDRESSES = (
    b"location content-location refresh link uri sourcemap x-sourcemap x-location x-redirect x-pingback x-pjax-url "
    b"hx-location hx-redirect hx-push-url hx-replace-url turbo-location turbolinks-location x-up-location"
)
_ANSWER_EXACT = {
    b"connection": AnswerKind.CONNECTION,
    b"content-length": AnswerKind.LENGTH,
    b"transfer-encoding": AnswerKind.TRANSFER,
}
for _name in _ADDRESSES.split():
    _ANSWER_EXACT[_name] = AnswerKind.ADDRESS
for _name in b"keep-alive proxy-connection proxy-authenticate te trailer upgrade".split():
    _ANSWER_EXACT[_name] = AnswerKind.DROP


def _judge_answer(name: bytes) -> AnswerKind:
    lower = name.lower()
    folded = fold(name)
    if folded != lower:  # no browser knows it; a proxy in front of us may, and a page's script can read it
        known = folded in _ANSWER_EXACT or folded.startswith((b"set-cookie", b"x-sekisho-"))
        return AnswerKind.DROP if known else AnswerKind.KEEP
    if lower.startswith(b"x-sekisho-"):
        return AnswerKind.DROP
    if lower.startswith(b"set-cookie") and len(lower) <= 11:
        return AnswerKind.SET_COOKIE
    return _ANSWER_EXACT.get(lower, AnswerKind.KEEP)


class NameKinds(dict[bytes, int]):
    """The kind of every raw header name, as `judge` says. Names are remembered up to a bound: what comes from outside
    cannot make it grow, and the usual names cost one look-up without a call."""

    __slots__ = ("_judge",)

    def __init__(self, judge: Callable[[bytes], int]) -> None:
        super().__init__()
        self._judge = judge

    def __missing__(self, name: bytes) -> int:
        kind = int(self._judge(name))
        if len(self) < _CACHE_ENTRIES and len(name) <= _CACHED_NAME_BYTES:
            self[name] = kind
        return kind


KINDS = NameKinds(_judge)
ANSWER_KINDS = NameKinds(_judge_answer)
