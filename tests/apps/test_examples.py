"""What is shipped as an example loads as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.loading import load
from gateway.core.judging import signed_in
from gateway.core.messages import ResponseHead

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "deploy" / "examples").glob("*.yaml"))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_example_has_no_fault(file: Path) -> None:
    """No fault; `load` raises with all of them otherwise."""
    assert load(file).apps


# As each app answers a right and a wrong password: status, Location, a cookie that is set. Seen in walks through the
# apps, but for Tomcat and Redmine, where it is what their source does.
ANSWERS = {
    "spring-security": ((302, "http://a.test/", "JSESSIONID=1"), (302, "http://a.test/login?error", "JSESSIONID=1")),
    "flask-appbuilder": ((302, "/", "session=1"), (302, "/login/?next=/", "session=1")),
    "jupyterhub": ((302, "/hub/", "jupyterhub-hub-login=1"), (403, "", "_xsrf=1")),
    "plone": ((302, "http://a.test/Plone", "__ac=1"), (200, "", "")),
    "tomcat": ((303, "/payroll/index.jsp", ""), (200, "", "JSESSIONID=1")),
    "redmine": ((302, "http://a.test/my/page", "_redmine_session=1"), (200, "", "_redmine_session=1")),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_rules_of_an_example_tell_the_app_s_answers_apart(name: str) -> None:
    """Apps that are too large to run here."""
    (app,) = load(next(file for file in EXAMPLES if file.stem == name)).apps
    for (status, location, cookie), expected in zip(ANSWERS[name], (True, False), strict=True):
        headers = ((b"Location", location.encode()), (b"Set-Cookie", cookie.encode()))
        head = ResponseHead(status, b"", "1.1", tuple(pair for pair in headers if pair[1]))
        assert [signed_in(rule, head, b"", 0.0) for rule in app.sign_in] == [expected] * len(app.sign_in)


def test_both_are_here() -> None:
    """A renamed folder must not make the test above empty."""
    assert {file.stem for file in EXAMPLES} >= {"django-admin", "dokuwiki"}
