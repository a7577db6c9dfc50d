"""What the gateway puts into pages of the apps: two links and two notices (D1, E1, F1, R-025), for whom and until when.

The HTML is ASCII with numeric character references: the same bytes are right in UTF-8, Shift_JIS and EUC-JP alike.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import assert_never
from zoneinfo import ZoneInfo

from gateway.core.apps import PAGES, OwnPart
from gateway.core.calendar import spoken_date, spoken_time
from gateway.core.policy import Policy
from gateway.core.rights import administered, may_set
from gateway.core.rollout import Phase, Rollout
from gateway.core.session import Level
from gateway.core.subject import Kind, Subject
from gateway.core.values import fast_frozen

_OWN = PAGES.decode()
_BOX = (
    "margin:8px 0;padding:10px 14px;border:1px solid #6b6b6b;border-left:6px solid #0017c1;background:#fff;"
    "color:#1a1a1a;text-align:left;line-height:1.7"
)


@fast_frozen
class Viewer:
    """Who sees a page. `proven`: a code was entered in this session; `now` in Unix seconds. `news`: an enrolment that
    this session tells of: when, from which address."""

    subject: Subject
    level: Level
    policy: Policy
    proven: bool
    now: float
    news: tuple[float, str] | None = None


class Insertions:
    """The HTML of each part for a person at a moment."""

    def __init__(self, rollout: Rollout, zone: ZoneInfo) -> None:
        """`zone`: the operator's, in which people read the mandatory date."""
        self._rollout = rollout
        self._zone = zone
        self._dates = tuple(at for at in (rollout.announced_from, rollout.mandatory_from) if at is not None)
        self._notice = _notice(rollout.mandatory_from, zone)
        self._settings = _link(OwnPart.SETTINGS_LINK, "settings", "2要素認証設定")
        self._people = _link(OwnPart.RESET_LINK, "people", "2要素認証設定初期化")
        self._reset = _link(OwnPart.RESET_LINK, "reset", "2要素認証設定初期化")

    def html(self, part: OwnPart, viewer: Viewer) -> bytes:
        """What this person sees now; nothing for whom it is not meant."""
        match part:
            case OwnPart.SETTINGS_LINK:
                return self._settings if viewer.level is Level.FULL and may_set(viewer.subject) else b""
            case OwnPart.RESET_LINK:
                if viewer.level is Level.FULL and administered(viewer.subject) is not None:
                    return self._people
                return self._reset if viewer.policy.required or viewer.proven else b""
            case OwnPart.ROLLOUT_NOTICE:
                announced = self._rollout.phase(viewer.now) is Phase.ANNOUNCED
                return self._notice if announced and viewer.subject.kind is Kind.ESTABLISHMENT else b""
            case OwnPart.ENROLMENT_NOTICE:
                return b"" if viewer.news is None else _told(*viewer.news, self._zone)
            case _:
                assert_never(part)

    def dated(self, viewer: Viewer) -> bool:
        """Whether a date still lies ahead that changes what this person sees."""
        return any(viewer.now < at for at in self._dates)


def _link(part: OwnPart, page: str, words: str) -> bytes:
    """Out of a frame, too: the gateway's pages let nobody frame them."""
    return _ascii(f'<a id="sekisho-{part}" href="{_OWN}{page}" target="_top">{words}</a>')


def _notice(mandatory_from: float | None, zone: ZoneInfo) -> bytes:
    """One sentence in Japanese, one in English, and where it says how to get ready."""
    ja_from, en_from = "まもなく", "Soon"
    if mandatory_from is not None:
        when = datetime.fromtimestamp(mandatory_from, zone)
        ja_time, en_time = ("", "") if not (when.hour or when.minute) else (f" {spoken_time(when)}", spoken_time(when))
        ja_from = f"{spoken_date(when, 'ja')}{ja_time}から"
        en_from = f"From {spoken_date(when, 'en')}{', ' if en_time else ''}{en_time}"
    text = (
        f'<div id="sekisho-{OwnPart.ROLLOUT_NOTICE}" role="note" style="{escape(_BOX)}">'
        f"{ja_from}、ログインのときに2要素認証（スマートフォンなどの認証アプリに表示される6桁のコード）が必要になります。"
        f'<a href="{_OWN}help/" target="_top">準備のしかたを見る</a><br>'
        f'<span lang="en">{en_from}, signing in needs a second factor: a 6-digit code from an authenticator app.</span>'
        "</div>"
    )
    return _ascii(text)


def _told(enrolled_at: float, address: str, zone: ZoneInfo) -> bytes:
    """One sentence in Japanese, one in English, and the page that says what to do about it."""
    when = datetime.fromtimestamp(enrolled_at, zone)
    ja_from, en_from = (f"（接続元 {address}）", f" from {address}") if address else ("", "")
    text = (
        f'<div id="sekisho-{OwnPart.ENROLMENT_NOTICE}" role="note" style="{escape(_BOX)}">'
        f"{spoken_date(when, 'ja')} {spoken_time(when)} に認証アプリが登録されました{escape(ja_from)}。"
        f'<a href="{_OWN}notice" target="_top">確認する</a><br>'
        f'<span lang="en">A second factor was registered for this login ID on {spoken_date(when, "en")} '
        f"{spoken_time(when)}{escape(en_from)}.</span></div>"
    )
    return _ascii(text)


def wrapped(html: bytes, element: str) -> bytes:
    """Inside of an element such as `li`; as it is without one."""
    name = element.encode("ascii")
    return b"<%b>%b</%b>" % (name, html, name) if element else html


def _ascii(html: str) -> bytes:
    return html.encode("ascii", "xmlcharrefreplace")
