"""Starts the three legacy apps on loopback and ends them together."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from gateway.demo.attendance import Attendance
from gateway.demo.payslip import Payslip
from gateway.demo.portal import Portal
from gateway.demo.table import Clock, SessionTable, Tokens

HOST = "127.0.0.1"
PORTS = (18081, 18082, 18083)  # as in routes.yaml
NAMES = ("portal", "attendance", "payslip")


@dataclass(slots=True)
class DemoApps:
    """The running apps; `ports` by name."""

    ports: dict[str, int]
    runners: list[web.AppRunner]

    async def close(self) -> None:
        """End all of them."""
        for runner in reversed(self.runners):
            await runner.cleanup()


async def start_apps(clock: Clock, tokens: Tokens, ports: tuple[int, int, int] = PORTS) -> DemoApps:
    """Listen on three ports (0: any free one). `clock` gives Japanese time, `tokens` identifiers nobody can guess.

    Raises OSError when a port is taken; what had been started is then ended.
    """
    table = SessionTable(clock, tokens)
    running = DemoApps({}, [])
    builders = (Portal(table).application, Attendance(table).application, Payslip(table).application)
    try:
        for name, build, port in zip(NAMES, builders, ports, strict=True):
            runner = web.AppRunner(build(), access_log=None, shutdown_timeout=1.0)
            await runner.setup()
            running.runners.append(runner)
            await web.TCPSite(runner, HOST, port).start()
            running.ports[name] = int(runner.addresses[0][1])
    except OSError:
        await running.close()
        raise
    return running
