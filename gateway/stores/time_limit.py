"""A time limit for somebody else's answer, in which this process's own standing still does not count against them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_LAST_SECONDS = 0.1


@asynccontextmanager
async def answer_within(seconds: float) -> AsyncIterator[None]:
    """As asyncio.timeout: raises TimeoutError.

    After a pause (of the machine, or for want of a processor) a loop comes to its timers before it reads what has
    arrived meanwhile, and would take everybody for silent: so the last part of the time begins only when the loop runs.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:
        last = loop.call_later(seconds - _LAST_SECONDS, lambda: limit.reschedule(loop.time() + _LAST_SECONDS))
        try:
            yield
        finally:
            last.cancel()
