"""Writes a Django site with its admin into a folder: a model with a file, SQLite, one superuser. Nothing of it knows
a gateway, and nothing of it is imported here: it runs in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.processes import free_port
from tests.harness.processes import serving

USER, PASSWORD = "clerk", "tea-and-biscuits-42"

FILES = {
    "manage.py": """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
""",
    "settings.py": """
from pathlib import Path
BASE = Path(__file__).parent
SECRET_KEY = "a fixed key of a site that lives for one test"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
    "django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles", "papers"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
    "context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages"]}}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE / "db.sqlite3"}}
STATIC_URL, MEDIA_URL, MEDIA_ROOT = "/static/", "/media/", BASE / "media"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
""",
    "urls.py": """
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import path, re_path
from django.views.static import serve
from django.conf import settings
media = login_required(serve, login_url="/admin/login/")
urlpatterns = [path("admin/", admin.site.urls),
    re_path("^media/(?P<path>.*)$", media, {"document_root": settings.MEDIA_ROOT})]
""",
    "papers/__init__.py": "",
    "papers/models.py": """
from django.db import models
class Paper(models.Model):
    title = models.CharField(max_length=80)
    scan = models.FileField(upload_to="scans", blank=True)
    def __str__(self):
        return self.title
""",
    "papers/admin.py": """
from django.contrib import admin
from papers.models import Paper
admin.site.register(Paper)
""",
}


@contextmanager
def running_site(folder: Path) -> Iterator[int]:
    """Set the site up and serve it; gives its port."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.lstrip(), encoding="utf-8")
    env = {"DJANGO_SUPERUSER_PASSWORD": PASSWORD, "PYTHONUNBUFFERED": "1"}
    manage = [sys.executable, "manage.py"]
    create = [*manage, "createsuperuser", "--noinput", "--username", USER, "--email", "clerk@example.test"]
    for command in ([*manage, "migrate", "--run-syncdb", "-v", "0"], create):
        subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)
    port = free_port()
    with serving([*manage, "runserver", "--noreload", f"127.0.0.1:{port}"], port, folder, env):
        yield port
