"""Payslips (明細): who may see what is the app's own rule; a manager sees everyone of the company."""

from __future__ import annotations

from aiohttp import web

from gateway.demo import payslip_pages as pages
from gateway.demo import pdf, wire
from gateway.demo.looks import clamp_month, clamp_year, icon
from gateway.demo.people import Person, colleague
from gateway.demo.table import DemoSession, SessionTable

KEPT_TICKETS = 8


class Payslip:
    """The app behind `/meisai`. Trusts the portal's session cookie."""

    def __init__(self, table: SessionTable) -> None:
        self._table = table
        self._published: set[tuple[str, str]] = set()
        self._picture = icon((57, 163, 90), 4)

    def application(self) -> web.Application:
        """Its addresses."""
        application = web.Application()
        get, post = application.router.add_get, application.router.add_post
        get("/meisai", self.home)
        get("/meisai/", self.home)
        get("/meisai/list", self.listing)
        get("/meisai/view", self.view)
        get("/meisai/shoyo", self.view)
        get("/meisai/pdf", self.as_pdf)
        post("/meisai/kensaku", self.search)
        get("/meisai/gensen", self.tax_slip)
        get("/meisai/kanri", self.managers_page)
        post("/meisai/kanri", self.publish)
        get("/meisai/img/{name}", self.picture)
        return application

    def _page(self, session: DemoSession, text: str) -> web.Response:
        """Every page brings a new ticket; the last few are known."""
        session.tickets.append(self._table.tokens())
        del session.tickets[:-KEPT_TICKETS]
        answer = wire.html(text)
        answer.set_cookie("MEISAI_TICKET", session.tickets[-1], path="/meisai", httponly=True)
        return answer

    def _whose(self, request: web.Request, person: Person) -> Person | None:
        """Whose slips are asked for, if this person may see them; without `emp`, one's own."""
        emp = request.query.get("emp", person.emp)
        return colleague(person, emp) if person.manager or emp == person.emp else None

    def _month(self, request: web.Request) -> str:
        return clamp_month(request.query.get("month", ""), f"{self._table.clock():%Y%m}")

    async def home(self, request: web.Request) -> web.StreamResponse:
        """One's own list is the entrance."""
        return wire.found(f"/meisai/list?emp={self._table.person(request).emp}")

    async def listing(self, request: web.Request) -> web.StreamResponse:
        """A year of slips, in chunks."""
        session, person = self._table.signed_in(request), self._table.person(request)
        whose = self._whose(request, person)
        text = pages.listing(person, whose, self._month(request)) if whose else pages.forbidden(person)
        return await wire.in_chunks(request, self._page(session, text))

    async def view(self, request: web.Request) -> web.StreamResponse:
        """One pay or bonus slip."""
        session, person = self._table.signed_in(request), self._table.person(request)
        whose, bonus = self._whose(request, person), request.path == "/meisai/shoyo"
        text = pages.view(person, whose, self._month(request), bonus=bonus) if whose else pages.forbidden(person)
        return wire.zipped(request, self._page(session, text))

    async def as_pdf(self, request: web.Request) -> web.StreamResponse:
        """One slip as a file."""
        session, person = self._table.signed_in(request), self._table.person(request)
        whose, month = self._whose(request, person), self._month(request)
        if whose is None:
            return self._page(session, pages.forbidden(person))
        answer = wire.plain(pdf.document(pages.pdf_lines(whose, month)), "application/pdf")
        answer.headers["Content-Disposition"] = f'inline; filename="meisai-{whose.emp}-{month}.pdf"'
        return answer

    async def search(self, request: web.Request) -> web.StreamResponse:
        """The search form's answer is a redirect."""
        self._table.person(request)
        fields = await wire.form(request)
        emp, year, month = (fields.get(name, "") for name in ("emp", "nen", "tsuki"))
        if not (emp + year + month).isdigit():
            return wire.found("/meisai/")
        return wire.found(f"/meisai/view?emp={emp}&month={year}{month.zfill(2)}")

    async def tax_slip(self, request: web.Request) -> web.StreamResponse:
        """A year's tax slip; without `year`, last year's."""
        session, person = self._table.signed_in(request), self._table.person(request)
        whose = self._whose(request, person)
        year = clamp_year(request.query.get("year", ""), self._table.clock().year - 1)
        return self._page(session, pages.tax_slip(person, whose, year) if whose else pages.forbidden(person))

    async def managers_page(self, request: web.Request) -> web.StreamResponse:
        """Everyone's."""
        session, person = self._table.signed_in(request), self._table.person(request)
        if not person.manager:
            return self._page(session, pages.forbidden(person))
        month = self._month(request)
        return self._page(session, pages.managers_page(person, month, (person.group, month) in self._published))

    async def publish(self, request: web.Request) -> web.StreamResponse:
        """Open a month's slips to the employees."""
        session, person = self._table.signed_in(request), self._table.person(request)
        if not person.manager:
            return self._page(session, pages.forbidden(person))
        month = clamp_month((await wire.form(request)).get("month", ""), self._month(request))
        self._published.add((person.group, month))
        return wire.found(f"/meisai/kanri?month={month}")

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """The app's one picture under any name."""
        return wire.asset(request, self._picture, "image/png")
