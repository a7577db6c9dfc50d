"""The portal: sign-in, menu, notices, password, documents. Knows the session table; everybody else only reads it."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from gateway.demo import portal_pages, wire
from gateway.demo.looks import STYLE, icon
from gateway.demo.people import Person
from gateway.demo.table import COOKIE, DemoSession, SessionTable

COLOURS = {
    "shugyo": (47, 126, 216),
    "meisai": (57, 163, 90),
    "uketsuke": (224, 138, 30),
    "kashikin": (146, 84, 182),
    "shinsei": (200, 64, 79),
    "mynumber": (90, 110, 130),
}
SIMPLE = {
    "/kashikin/": ("ネットde貸金WEB", "貸付金の残高と返済の予定を見る画面です。"),
    "/shinsei/": ("ネットde電子申請", "役所への電子申請の状況を見る画面です。"),
    "/mynumber/": ("ネットdeマイナンバー", "個人番号を届け出る画面です。"),
    "/jigyosho/": ("事業所設定", "顧問先事業所の一覧と設定の画面です。"),
    "/oshirase/toroku": ("お知らせ登録", "顧問先へのお知らせを書く画面です。"),
    "/option/": ("オプション設定", "契約しているサービスを切り替える画面です。"),
}
OFFICE_ONLY = frozenset({"/jigyosho/", "/oshirase/toroku", "/option/"})
MOST_DOCUMENTS = 20


class Portal:
    """The app behind `/`."""

    def __init__(self, table: SessionTable) -> None:
        self._table = table
        self._documents: dict[str, list[tuple[int, str, bytes]]] = {}
        self._icons = {key: icon(colour, number) for number, (key, colour) in enumerate(COLOURS.items(), 2)}

    def application(self) -> web.Application:
        """Its addresses."""
        application = web.Application(client_max_size=8 << 20)
        get, post = application.router.add_get, application.router.add_post
        get("/", self.home)
        get("/login", self.sign_in_page)
        post("/login", self.sign_in)
        get("/sp/login", self.sign_in_page)
        post("/sp/login", self.phone_sign_in)
        get("/top", self.top)
        get("/sp/top", self.top)
        get("/oshirase", self.top)
        get("/oshirase/view", self.notice)
        get("/password", self.password_page)
        post("/password", self.change_password)
        get("/logout", self.sign_out)
        post("/logout", self.sign_out)
        get("/lang", self.language)
        get("/uketsuke/", self.documents)
        post("/uketsuke/upload", self.upload)
        get("/uketsuke/file", self.document)
        get("/static/{name}", self.static)
        for path in SIMPLE:
            get(path, self.simple)
        return application

    async def home(self, request: web.Request) -> web.StreamResponse:
        """Where one lands with the bare name."""
        session = self._table.find(request)
        return wire.found("/top" if session is not None and session.person else "/login")

    async def sign_in_page(self, request: web.Request) -> web.StreamResponse:
        """Gives every visitor a session at once, signed in or not."""
        answer = wire.html(portal_pages.sign_in(phone=request.path.startswith("/sp")))
        if self._table.find(request) is None:
            _give(answer, self._table.open())
        return answer

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """302 to the menu; a wrong password is the page again."""
        fields = await wire.form(request)
        session, answer = self._attempt(request, fields)
        if answer is None:
            answer = wire.found("/top")
        if self._table.find(request) is None:
            _give(answer, session)
        return answer

    async def phone_sign_in(self, request: web.Request) -> web.StreamResponse:
        """200 with the menu itself: success and failure have the same status."""
        fields = await wire.form(request)
        session, answer = self._attempt(request, fields)
        if answer is None and session.person is not None:
            answer = wire.zipped(request, wire.html(self._menu(request, session.person, phone=True)))
        assert answer is not None
        _give(answer, session)
        return answer

    def _attempt(self, request: web.Request, fields: dict[str, str]) -> tuple[DemoSession, web.Response | None]:
        session = self._table.find(request) or self._table.open()
        login_id = fields.get("login_id", "")
        if self._table.sign_in(session, login_id, fields.get("password", "")):
            return session, None
        return session, wire.html(portal_pages.sign_in(login_id, phone=request.path.startswith("/sp"), wrong=True))

    def _menu(self, request: web.Request, person: Person, *, phone: bool) -> str:
        english = request.cookies.get("lang") == "en"
        return portal_pages.top(person, f"{self._table.clock():%Y/%m/%d}", phone=phone, english=english)

    async def top(self, request: web.Request) -> web.StreamResponse:
        """The menu; sends the session cookie again, as containers with a sliding lifetime do."""
        session = self._table.signed_in(request)
        assert session.person is not None
        phone = request.path.startswith("/sp")
        answer = wire.zipped(request, wire.html(self._menu(request, session.person, phone=phone)))
        _give(answer, session)
        return answer

    async def notice(self, request: web.Request) -> web.StreamResponse:
        """One notice; a number that does not exist is the first."""
        person = self._table.person(request)
        number = request.query.get("id", "")
        known = {str(n) for n in range(1, len(portal_pages.NOTICES) + 1)}
        return wire.html(portal_pages.notice(person, int(number) if number in known else 1))

    async def password_page(self, request: web.Request) -> web.StreamResponse:
        """The form with its token."""
        session = self._table.signed_in(request)
        assert session.person is not None
        return wire.html(portal_pages.password(session.person, session.form_token))

    async def change_password(self, request: web.Request) -> web.StreamResponse:
        """Changes it and gives the session another ID."""
        session, fields = self._table.signed_in(request), await wire.form(request)
        assert session.person is not None
        if fields.get("token") != session.form_token:
            return wire.html(portal_pages.password(session.person, session.form_token, "画面の有効期限が切れました。"))
        new, again = fields.get("new", ""), fields.get("again", "")
        if not new or new != again:
            message = "新しいパスワードが一致しません。"
            return wire.html(portal_pages.password(session.person, session.form_token, message))
        if not self._table.change_password(session.person, fields.get("old", ""), new):
            return wire.html(portal_pages.password(session.person, session.form_token, "現在のパスワードが違います。"))
        self._table.renew(session)
        answer = wire.html(portal_pages.password(session.person, session.form_token, "パスワードを変更しました。"))
        _give(answer, session)
        return answer

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """Ends the session in all three apps."""
        session = self._table.find(request)
        if session is not None:
            self._table.end(session)
        answer = wire.found("/login")
        answer.del_cookie(COOKIE, path="/")
        return answer

    async def language(self, request: web.Request) -> web.StreamResponse:
        """A cookie that is worth nothing to a thief."""
        answer = wire.found("/top")
        answer.set_cookie("lang", "en" if request.query.get("to") == "en" else "ja", path="/", max_age=31536000)
        return answer

    async def documents(self, request: web.Request) -> web.StreamResponse:
        """What the person has sent in."""
        person = self._table.person(request)
        rows = [(number, name, len(data)) for number, name, data in self._documents.get(person.login_id, [])]
        return wire.html(portal_pages.documents(person, rows))

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Takes one file of a multipart form."""
        person = self._table.person(request)
        field = (await request.post()).get("file")
        if isinstance(field, web.FileField) and field.filename:
            kept = self._documents.setdefault(person.login_id, [])
            kept.append((kept[-1][0] + 1 if kept else 1, field.filename, field.file.read()))
            del kept[:-MOST_DOCUMENTS]
        return wire.found("/uketsuke/")

    async def document(self, request: web.Request) -> web.StreamResponse:
        """Gives a document back."""
        person = self._table.person(request)
        for number, name, data in self._documents.get(person.login_id, []):
            if str(number) == request.query.get("id"):
                answer = wire.plain(data, "application/octet-stream")
                answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
                return answer
        return wire.html(portal_pages.simple(person, "ネットde受付", "書類が見つかりません。"), status=404)

    async def simple(self, request: web.Request) -> web.StreamResponse:
        """The services that the demo only hints at."""
        person = self._table.person(request)
        title, sentence = SIMPLE[request.path]
        if request.path in OFFICE_ONLY and not person.office_staff:
            sentence = "権限がありません。"
        return wire.html(portal_pages.simple(person, title, sentence))

    async def static(self, request: web.Request) -> web.StreamResponse:
        """Style sheet and icons, for everybody."""
        name = request.match_info["name"]
        if name == "style.css":
            return wire.asset(request, STYLE, "text/css;charset=UTF-8")
        picture = self._icons.get(name.removeprefix("icon-").removesuffix(".png"))
        if picture is None or name != f"icon-{name.removeprefix('icon-').removesuffix('.png')}.png":
            return wire.plain(b"<html><body>404</body></html>", "text/html", 404)
        return wire.asset(request, picture, "image/png")


def _give(answer: web.Response, session: DemoSession) -> None:
    """Set-Cookie with a path, as servlet containers write it."""
    answer.set_cookie(COOKIE, session.session_id, path="/", httponly=True)
