"""Whether a request wants a page for a person or data for a script (C6).

A script that is sent to an HTML page takes it for its data and loses what the person typed; so a script gets a
status and a reason, and only a navigation is ever redirected.
"""

from __future__ import annotations

from gateway.core.messages import RequestHead, header_values

_PAGE_TYPES = (b"text/html", b"application/xhtml+xml")


def is_navigation(head: RequestHead) -> bool:
    """True when the browser will show the answer as a document, in a window or a frame.

    Fetch metadata is the browser's own word and scripts cannot set it. Browsers without it (and Safari on plain
    http) are judged by Accept, and by the header that form libraries add to their own requests.
    """
    modes = header_values(head.headers, b"sec-fetch-mode")
    if modes:
        return modes == [b"navigate"]
    if header_values(head.headers, b"x-requested-with") or header_values(head.headers, b"upgrade"):
        return False
    accepted = b",".join(header_values(head.headers, b"accept")).lower()
    if b"text/event-stream" in accepted:
        return False
    return any(kind in accepted for kind in _PAGE_TYPES)
