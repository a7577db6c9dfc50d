"""Faults that reach a page, a log line or an exit code. Outcomes (a wrong code, a lock) are values, not errors."""

from __future__ import annotations


class GatewayError(Exception):
    """Root of everything the gateway raises on purpose."""


class StoreUnavailable(GatewayError):
    """A store did not answer in time. Never the same as "not found": the answer is no, and nobody is signed out."""

    def __init__(self, store: str, cause: str) -> None:
        super().__init__(f"{store} did not answer: {cause}")
        self.store = store
        self.cause = cause


class UpstreamUnavailable(GatewayError):
    """A legacy app could not be reached, broke off, or took longer than its limit."""

    def __init__(self, app: str, cause: str, *, timed_out: bool = False) -> None:
        super().__init__(f"upstream {app}: {cause}")
        self.app = app
        self.timed_out = timed_out


class SealBroken(GatewayError):
    """A sealed value is forged, was moved to another owner, or its key has left the ring."""


class ConfigRefused(GatewayError):
    """The configuration holds faults; each names its line and the remedy."""

    def __init__(self, faults: tuple[object, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults
