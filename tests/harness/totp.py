"""An authenticator that shares no code with the gateway: Debian's oathtool."""

from __future__ import annotations

import subprocess


def code(secret: str, at: float) -> str:
    """The six digits that a phone shows for this base32 secret at Unix time `at`."""
    command = ["oathtool", "--totp", "--base32", "--now", f"@{int(at)}", secret]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def wrong_codes(secret: str, at: float, count: int) -> list[str]:
    """Codes that are right at no step near `at`."""
    near = {code(secret, at + 30 * step) for step in range(-3, 4)}
    return [text for text in (f"{number:06}" for number in range(count + 10)) if text not in near][:count]
