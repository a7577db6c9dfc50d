"""What the figures were measured on, and whether it was quiet enough for them to mean something."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Missing, program

QUIET_LOAD = 1.0


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine at the beginning of a run. `optimised`: this Python was built with profile-guided optimisation."""

    processor: str
    cores: int
    kernel: str
    python: str
    optimised: bool
    load: float
    versions: dict[str, str]

    @property
    def quiet(self) -> bool:
        """Whether little else was running."""
        return self.load <= QUIET_LOAD

    @property
    def sentence(self) -> str:
        """One line for a table's foot."""
        build = "optimised build" if self.optimised else "build without profile-guided optimisation"
        others = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"{self.processor}, {self.cores} cores, Linux {self.kernel}, Python {self.python} ({build}), {others}"


def this_machine() -> Machine:
    """As it is now."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        kernel=platform.release().split("-")[0],
        python=platform.python_version(),
        optimised=is_optimised(
            str(sysconfig.get_config_var("CONFIG_ARGS") or ""),
            sys.base_prefix if Path("/etc/debian_version").exists() else "",
        ),
        load=round(os.getloadavg()[0], 2),
        versions={name: version for name, version in _versions() if version},
    )


def is_optimised(arguments: str, debian_prefix: str = "") -> bool:
    """Whether profile-guided optimisation was on: by these arguments of CPython's configure, or as Debian's own Python
    is built, which makes `profile-opt` without any argument. `debian_prefix`: where a Python on Debian is installed."""
    return "--enable-optimizations" in arguments or debian_prefix == "/usr"


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def _versions() -> list[tuple[str, str]]:
    return [
        ("nginx", _said(["nginx", "-v"], r"nginx/([\d.]+)")),
        ("HAProxy", _said(["haproxy", "-v"], r"version ([\d.]+)")),
        ("wrk", _said(["wrk", "-v"], r"wrk \D*([\d.]+)")),
        ("Redis", _said(["redis-server", "--version"], r"v=([\d.]+)")),
        ("Go", _said(["go", "version"], r"go([\d.]+)")),
    ]


def _said(command: list[str], pattern: str) -> str:
    try:
        words = [program(command[0]), *command[1:]]
    except Missing:
        return ""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else ""


def warning(machine: Machine) -> str:
    """What to say before the table of a machine that was busy; empty when it was not."""
    if machine.quiet:
        return ""
    return (
        f"WARNING: the load average was {machine.load} when this began: these are figures of a loaded machine. "
        "Processor time is roughly right, rates and latencies are not."
    )


if __name__ == "__main__":
    sys.stdout.write(this_machine().sentence + "\n")
