"""What a serving process does once after its start, seen in a process of its own."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import gc, sys
from gateway.settle import settle
before = sys.getswitchinterval()
settle()
kept = gc.get_freeze_count()
gc.collect()
print(kept > 1000, gc.get_freeze_count() == kept, sys.getswitchinterval() < before)
"""


def test_what_is_there_at_the_start_is_not_looked_through_again_and_threads_take_turns_soon() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["True"] * 3
