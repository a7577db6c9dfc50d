"""How each problem is answered: its status, and what a script gets."""

from __future__ import annotations

import json
from dataclasses import dataclass

from gateway.core.problems import Problem


@dataclass(frozen=True, slots=True)
class Nature:
    """How a problem is answered. `retry_after` in seconds; `challenge`: a 401 must carry one (RFC 9110, 11.6.1)."""

    status: int
    retry_after: int = 0
    challenge: bool = False


NATURES: dict[Problem, Nature] = {
    Problem.MALFORMED: Nature(400),
    Problem.NOT_FOUND: Nature(404),
    Problem.METHOD: Nature(405),
    Problem.TOO_LARGE: Nature(413),
    Problem.TOO_SLOW: Nature(408),
    Problem.REFUSED: Nature(403),
    Problem.FORM_STALE: Nature(403),
    Problem.SIGN_IN_DUE: Nature(401, challenge=True),
    Problem.EXPIRED: Nature(401, challenge=True),
    Problem.PAUSED: Nature(429, retry_after=1800),
    Problem.CHOICE_DUE: Nature(403),
    Problem.CODE_DUE: Nature(403),
    Problem.UPSTREAM_DOWN: Nature(502, retry_after=30),
    Problem.UPSTREAM_SLOW: Nature(504, retry_after=30),
    Problem.STORE_DOWN: Nature(503, retry_after=10),
    Problem.BUSY: Nature(503, retry_after=5),
    Problem.BROKEN: Nature(500),
}


def problem_json(problem: Problem, status: int, reason: str, reference: str, code_page: str) -> bytes:
    """RFC 9457 for scripts. `title` is English and stable; `reason` is what a program looks at."""
    document: dict[str, str | int] = {
        "type": "about:blank",
        "title": problem.value.replace("-", " "),
        "status": status,
        "reason": reason,
        "reference": reference,
    }
    if code_page:
        document["code_page"] = code_page
    return json.dumps(document, ensure_ascii=True).encode()
