"""What a serving process does once, when everything it needs is in memory: it settles down for short pauses.

The collector of reference cycles stands everything still while it looks at what is in memory; what has been there from
the start (modules, configuration, routes) is never garbage and need not be looked at again. And where another thread is
at work (a registry's query, a password's hash) the lane shall have the processor back soon: with Python's own 5 ms one
page in a hundred would be late by as much.
"""

from __future__ import annotations

import gc
import sys

SWITCH_SECONDS = 0.0005


def settle() -> None:
    """Call after the start."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
