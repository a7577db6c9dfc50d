"""Headers of every page and error answer (R-122)."""

from __future__ import annotations


def page_headers(*, framed: bool, secure: bool) -> tuple[tuple[str, str], ...]:
    """Security headers for HTML and JSON of the gateway.

    Referrer-Policy is `same-origin`, not `no-referrer`: under the latter Chromium sends `Origin: null` with the
    gateway's own forms, which is what a forged form in a sandboxed frame sends. Nothing secret is in an address.
    """
    ancestors = "'self'" if framed else "'none'"
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; form-action 'self'; "
        f"base-uri 'none'; frame-ancestors {ancestors}"
    )
    headers = [
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "SAMEORIGIN" if framed else "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    ]
    if secure:
        headers.append(("Strict-Transport-Security", "max-age=31536000"))
    return tuple(headers)
