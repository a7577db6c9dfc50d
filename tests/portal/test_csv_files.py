"""CSV files as Excel in Japan reads them."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientPayloadError, ClientSession, web

from gateway.core.errors import StoreUnavailable
from gateway.core.subject import Kind, Subject
from gateway.portal.csv_files import Lines, disposition, encoded, send_csv
from gateway.portal.events import Asker
from gateway.portal.visits import VISIT


def read(data: bytes, encoding: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(encoding), newline="")))


@pytest.mark.parametrize("cell", ["=1+1", "+81", "-12", "@x", "\tx", "\0x", "\rx", "＝1"])
def test_a_cell_that_a_spreadsheet_would_compute_is_text(cell: str) -> None:
    assert encoded([[cell]], windows=False).decode().lstrip('"').startswith("'")


@pytest.mark.parametrize("cell", ["−1+1", "＝1", "\n=1"])
def test_so_is_one_that_becomes_such_a_cell_in_shift_jis(cell: str) -> None:
    assert encoded([[cell]], windows=True).decode("cp932").lstrip('"').startswith("'")


@pytest.mark.parametrize("cell", ["000001", "B00000101", "2026/11/21", "株式会社-A", "a=b", ""])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert read(encoded([[cell, "x"]], windows=True), "cp932") == [[cell, "x"]]


def test_lines_end_as_excel_wants_and_quotes_are_doubled() -> None:
    assert encoded([['a"b', "c,d", "e\nf"]], windows=False) == b'"a""b","c,d","e\nf"\r\n'


def test_shift_jis_is_that_of_windows_and_what_it_has_not_is_marked() -> None:
    data = encoded([["髙﨑①㈱〜−—", "𠮷野家", "鷗é"]], windows=True)
    assert read(data, "cp932") == [["髙﨑①㈱～－―", "〓野家", "〓〓"]]


def test_a_japanese_name_of_a_file_has_a_plain_one_beside_it() -> None:
    assert disposition("記録") == "attachment; filename=\"list.csv\"; filename*=UTF-8''%E8%A8%98%E9%8C%B2.csv"
    assert 'filename="audit-20261121.csv"' in disposition("audit-20261121")
    assert '"list.csv"' in disposition('x"; evil="')


async def fetched(pieces: AsyncIterator[Lines], query: str = "") -> tuple[int, bytes, str]:
    """What a browser gets of a file made of these pieces."""
    async with (
        served(pieces) as address,
        ClientSession() as client,
        client.get(f"http://{address[0]}:{address[1]}/{query}") as answer,
    ):
        return answer.status, await answer.read(), answer.headers["Content-Type"]


@asynccontextmanager
async def served(pieces: AsyncIterator[Lines]) -> AsyncIterator[tuple[str, int]]:
    """A page that sends this file, at an address."""

    async def handler(request: web.Request) -> web.StreamResponse:
        asker = Asker(Subject("A1", Kind.OFFICE, "1"), "", "R-1")
        request[VISIT] = type("Somebody", (), {"asker": asker})()
        return await send_csv(request, "x", ["a", "b"], pieces)

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield "127.0.0.1", runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def some(*pieces: Lines, then: Exception | None = None) -> AsyncIterator[Lines]:
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece
    if then is not None:
        raise then


async def test_pieces_become_one_file_with_a_mark_for_excel() -> None:
    status, data, media_type = await fetched(some([["1", "二"]], [["3", "4"], ["5", "6"]]))
    assert (status, media_type) == (200, "text/csv; charset=utf-8")
    assert data == "\ufeffa,b\r\n1,二\r\n3,4\r\n5,6\r\n".encode()


async def test_shift_jis_is_by_choice_and_has_no_mark() -> None:
    _, data, media_type = await fetched(some([["1", "二"]]), "?encoding=cp932")
    assert (data, media_type) == ("a,b\r\n1,二\r\n".encode("cp932"), "text/csv; charset=shift_jis")


async def test_a_file_without_lines_has_its_headings() -> None:
    assert (await fetched(some()))[1] == "\ufeffa,b\r\n".encode()


async def test_a_question_about_the_head_is_answered_without_a_byte_of_the_file() -> None:
    """What came behind the head would be read as the answer to whoever asks next on this connection."""
    async with served(some([["1", "2"]])) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        head, behind = (await reader.read()).split(b"\r\n\r\n", 1)
        writer.close()
    assert b"text/csv" in head
    assert behind.startswith(b"HTTP/1.1 404 ")


async def test_a_store_that_does_not_answer_at_once_sends_no_half_file() -> None:
    assert (await fetched(some(then=StoreUnavailable("registry", "down"))))[0] == 500


async def test_a_store_that_ends_in_the_middle_breaks_the_file_off_for_everybody_to_see() -> None:
    with pytest.raises(ClientPayloadError):
        await fetched(some([["1", "2"]], then=StoreUnavailable("registry", "down")))
