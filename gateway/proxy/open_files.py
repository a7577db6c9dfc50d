"""How many files this process may have open, which is how many connections it can hold."""

from __future__ import annotations

import contextlib
import resource

_MOST = 1 << 20  # some containers allow a billion, and the kernel reserves tables by the limit
_OTHERS = 64  # of stores, logs and listeners
_ROOM_FOR_ALL = 32768


def raise_limit() -> int:
    """Take as many as the system lets this process have; gives the number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def room(upstreams: int) -> int:
    """How many browsers may be connected beside `upstreams` connections to apps. A quarter of what is left stays for
    WebSockets, which hold two."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _ROOM_FOR_ALL
    return max(64, min(_ROOM_FOR_ALL, (soft - _OTHERS - upstreams) * 3 // 4))
