"""Attendance (就業): pages in Shift_JIS, forms in Shift_JIS, a file name in raw Shift_JIS bytes."""

from __future__ import annotations

import json
from datetime import date

from aiohttp import web

from gateway.demo import attendance_pages as pages
from gateway.demo import wire
from gateway.demo.looks import clamp_month, clamp_year, icon
from gateway.demo.people import Person, colleagues
from gateway.demo.table import SessionTable

MOST_APPLICATIONS = 500


class Attendance:
    """The app behind `/shugyo`. Reads the portal's session cookie through the shared table."""

    def __init__(self, table: SessionTable) -> None:
        self._table = table
        self._punches: dict[tuple[str, date], list[tuple[str, str]]] = {}
        self._applications: list[pages.Application] = []
        self._last_number = 0
        self._picture = icon((47, 126, 216), 5)

    def application(self) -> web.Application:
        """Its addresses."""
        application = web.Application()
        get, post = application.router.add_get, application.router.add_post
        get("/shugyo", self.home)
        get("/shugyo/", self.home)
        get("/shugyo/punch", self.punch_page)
        post("/shugyo/punch", self.punch)
        get("/shugyo/genzai", self.state)
        get("/shugyo/sheet", self.sheet)
        get("/shugyo/sheet/csv", self.sheet_csv)
        get("/shugyo/todoke", self.applications)
        post("/shugyo/todoke", self.apply)
        get("/shugyo/todoke/new", self.new_application)
        get("/shugyo/todoke/status", self.application_status)
        get("/shugyo/shift", self.shift)
        get("/shugyo/nenji", self.year_totals)
        get("/shugyo/jocho", self.supervisor)
        post("/shugyo/jocho", self.approve)
        get("/shugyo/somu", self.managers_page)
        get("/shugyo/master", self.managers_page)
        get("/shugyo/img/{name}", self.picture)
        return application

    def _page(self, text: str) -> web.Response:
        answer = wire.html(text, "Shift_JIS")
        answer.set_cookie("SHUGYO_STATE", self._table.tokens(), path="/shugyo")
        return answer

    def _today(self) -> date:
        return self._table.clock().date()

    def _month(self, request: web.Request) -> str:
        return clamp_month(request.query.get("month", ""), f"{self._table.clock():%Y%m}")

    def _state(self, person: Person) -> tuple[str, str]:
        """(state, time of the last punch)."""
        punches = self._punches.get((person.login_id, self._today()), [])
        return (pages.AFTER[punches[-1][1]], punches[-1][0]) if punches else ("出社前", "")

    async def home(self, request: web.Request) -> web.StreamResponse:
        """The punch page is the entrance."""
        self._table.person(request)
        return wire.found("/shugyo/punch")

    async def punch_page(self, request: web.Request) -> web.StreamResponse:
        """The page that everybody opens twice a day."""
        person, now = self._table.person(request), self._table.clock()
        punches = self._punches.get((person.login_id, now.date()), [])
        return wire.zipped(request, self._page(pages.punch(person, now, self._state(person)[0], punches)))

    async def punch(self, request: web.Request) -> web.StreamResponse:
        """Clock in, out, back, off."""
        person, now = self._table.person(request), self._table.clock()
        kubun = (await wire.form(request, "cp932")).get("kubun", "")
        if kubun in pages.KUBUN:
            kept = self._punches.setdefault((person.login_id, now.date()), [])
            kept.append((f"{now:%H:%M}", kubun))
            del kept[:-50]
        return wire.found("/shugyo/punch")

    async def state(self, request: web.Request) -> web.StreamResponse:
        """For the page's script."""
        word, time = self._state(self._table.person(request))
        body = json.dumps({"shurui": word, "jikoku": time}, ensure_ascii=False).encode()
        return wire.plain(body, "application/json;charset=UTF-8")

    async def sheet(self, request: web.Request) -> web.StreamResponse:
        """A month's sheet, in chunks."""
        person = self._table.person(request)
        return await wire.in_chunks(request, self._page(pages.sheet(person, self._month(request), self._today())))

    async def sheet_csv(self, request: web.Request) -> web.StreamResponse:
        """The download whose file name is Shift_JIS bytes, 表 with its 0x5C included."""
        person, month = self._table.person(request), self._month(request)
        name = f"勤務表_{month}_{person.name}.csv".encode("cp932")
        head = (
            (b"Server", wire.SERVER.encode()),
            (b"Content-Type", b"text/csv; charset=Shift_JIS"),
            (b"content-disposition", b'attachment; filename="' + name + b'"'),
            (b"Pragma", b"private"),
        )
        return wire.RawAnswer(head, pages.sheet_csv(person, month, self._today()).encode("cp932"))

    async def applications(self, request: web.Request) -> web.StreamResponse:
        """One's own."""
        person = self._table.person(request)
        own = [one for one in self._applications if one.login_id == person.login_id]
        return self._page(pages.applications(person, own))

    async def apply(self, request: web.Request) -> web.StreamResponse:
        """A new application; an unknown kind becomes the first, as the old code does."""
        person, fields = self._table.person(request), await wire.form(request, "cp932")
        kind = fields.get("shurui", "")
        self._last_number += 1
        self._applications.append(
            pages.Application(
                self._last_number,
                person.login_id,
                kind if kind in pages.SHURUI else pages.SHURUI[0],
                fields.get("hizuke", "")[:10],
                fields.get("riyu", "")[:200],
            )
        )
        del self._applications[:-MOST_APPLICATIONS]
        return wire.found(f"/shugyo/todoke/status?id={self._last_number}")

    async def new_application(self, request: web.Request) -> web.StreamResponse:
        """The form."""
        return self._page(pages.new_application(self._table.person(request), self._today()))

    async def application_status(self, request: web.Request) -> web.StreamResponse:
        """One of one's own."""
        person, number = self._table.person(request), request.query.get("id", "")
        found = (one for one in self._applications if one.login_id == person.login_id and str(one.number) == number)
        return self._page(pages.application_status(person, next(found, None)))

    async def shift(self, request: web.Request) -> web.StreamResponse:
        """The shift table."""
        return self._page(pages.shift(self._table.person(request), self._month(request), self._today()))

    async def year_totals(self, request: web.Request) -> web.StreamResponse:
        """The year's totals, sent without a length by the oldest part of the program."""
        person = self._table.person(request)
        year = clamp_year(request.query.get("year", ""), self._today().year)
        body = pages.year_totals(person, year, self._today()).encode("cp932", "xmlcharrefreplace")
        return wire.RawAnswer(((b"Content-type", b"text/html; charset=Shift_JIS"),), body, length=False)

    async def supervisor(self, request: web.Request) -> web.StreamResponse:
        """What waits for approval in the company."""
        person = self._table.person(request)
        if not person.manager:
            return self._page(pages.forbidden(person))
        ids = {one.login_id for one in colleagues(person)}
        return self._page(pages.supervisor(person, [one for one in self._applications if one.login_id in ids]))

    async def approve(self, request: web.Request) -> web.StreamResponse:
        """Approve one application of the company."""
        person, fields = self._table.person(request), await wire.form(request, "cp932")
        if not person.manager:
            return self._page(pages.forbidden(person))
        ids = {one.login_id for one in colleagues(person)}
        for one in self._applications:
            if one.login_id in ids and str(one.number) == fields.get("id"):
                one.approved = True
        return wire.found("/shugyo/jocho")

    async def managers_page(self, request: web.Request) -> web.StreamResponse:
        """総務 and マスタ."""
        person = self._table.person(request)
        if not person.manager:
            return self._page(pages.forbidden(person))
        return self._page(pages.managers_page(person, "総務" if request.path.endswith("somu") else "マスタ"))

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """The app's one picture under any name."""
        return wire.asset(request, self._picture, "image/png")
