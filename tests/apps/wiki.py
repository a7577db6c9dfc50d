"""Debian's DokuWiki on `php -S` with configuration and data of its own: nobody reads without signing in, one user
writes and uploads.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.processes import free_port
from tests.harness.processes import serving

PACKAGE = Path("/usr/share/dokuwiki")
SETTINGS = Path("/etc/dokuwiki")
USER, PASSWORD = "clerk", "tea-and-biscuits-42"
SECRET_LINE = "The kettle stands in the cellar."
DATA = ("attic", "cache", "index", "locks", "log", "media", "media_attic", "media_meta", "meta", "pages", "tmp")


def _configure(folder: Path) -> None:
    conf, data = folder / "conf", folder / "data"
    shutil.copytree(
        SETTINGS, conf, symlinks=False, ignore=shutil.ignore_patterns("*.auth.php", "apache.conf", "htaccess")
    )
    for name in DATA:
        (data / name).mkdir(parents=True)
    (data / "pages" / "start.txt").write_text(f"====== Start ======\n{SECRET_LINE}\n", encoding="utf-8")
    hashed = subprocess.run(
        ["php", "-r", f"echo password_hash('{PASSWORD}', PASSWORD_BCRYPT);"], check=True, capture_output=True, text=True
    ).stdout
    (conf / "users.auth.php").write_text(f"{USER}:{hashed}:Clerk:clerk@example.test:user\n", encoding="utf-8")
    (conf / "acl.auth.php").write_text("*\t@ALL\t0\n*\t@user\t8\n", encoding="utf-8")
    settings = {"title": "Wiki", "savedir": str(data), "useacl": 1, "license": "", "updatecheck": 0, "userewrite": 0}
    lines = [f"$conf['{name}'] = {value!r};" for name, value in settings.items()]
    (conf / "local.php").write_text("<?php\n" + "\n".join(lines) + "\n", encoding="utf-8")
    (folder / "wiki" / "inc" / "preload.php").write_text(f"<?php\ndefine('DOKU_CONF', '{conf}/');\n", encoding="utf-8")


@contextmanager
def running_wiki(folder: Path) -> Iterator[int]:
    """Copy, configure and serve it; gives its port."""
    shutil.copytree(
        PACKAGE, folder / "wiki", symlinks=False, ignore=shutil.ignore_patterns("install.php", ".htaccess*")
    )
    _configure(folder)
    port = free_port()
    command = ["php", "-d", "display_errors=0", "-S", f"127.0.0.1:{port}", "-t", str(folder / "wiki")]
    with serving(command, port, folder, {"PHP_CLI_SERVER_WORKERS": "4"}):
        yield port
