"""Apps that nobody here wrote are asked for a password, and forget that they were (E1)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bench.processes import free_port
from gateway.core.password_answer import PasswordAnswer
from gateway.stores.sealing import KeyRing
from tests.apps import django_site, wiki
from tests.apps.conftest import example
from tests.sign_in.checking import CLIENT, check_for, live


def configured(folder: Path, name: str, port: int) -> Path:
    """A shipped example before the app at this port."""
    (folder / "var").mkdir(parents=True)
    KeyRing.generate_file(folder / "var" / "keys")
    file = folder / "routes.yaml"
    text = example(name, f"http://127.0.0.1:{free_port()}", port)
    file.write_text(text.replace("{PORT}", str(free_port())), encoding="utf-8")
    return file


async def answers(file: Path, port: int, app: str, typed: str, passwords: tuple[str, ...]) -> list[PasswordAnswer]:
    async with check_for(file, port, 20.0) as check:
        return [await check(live(typed, app=app), password, CLIENT) for password in passwords]


async def test_django_admin(tmp_path: Path) -> None:
    with django_site.running_site(tmp_path) as port:
        file = configured(tmp_path / "gateway", "django-admin.yaml", port)
        found = await answers(file, port, "admin", django_site.USER, (django_site.PASSWORD, "wrong"))
        with sqlite3.connect(tmp_path / "db.sqlite3") as database:
            (left,) = database.execute("SELECT count(*) FROM django_session").fetchone()
        database.close()
    assert found == [PasswordAnswer.RIGHT, PasswordAnswer.WRONG]
    assert left == 0


async def test_dokuwiki(tmp_path: Path) -> None:
    with wiki.running_wiki(tmp_path) as port:
        file = configured(tmp_path / "gateway", "dokuwiki.yaml", port)
        found = await answers(file, port, "wiki", wiki.USER, (wiki.PASSWORD, "wrong"))
    assert found == [PasswordAnswer.RIGHT, PasswordAnswer.WRONG]
