"""Pay that the demo makes up: the same for the same person and month, so that pages can be compared."""

from __future__ import annotations

from dataclasses import dataclass

BONUS_MONTHS = ("06", "12")


@dataclass(frozen=True, slots=True)
class Slip:
    """A pay or bonus slip in yen."""

    gross: int
    insurance: int
    tax: int

    @property
    def net(self) -> int:
        """What reaches the bank."""
        return self.gross - self.insurance - self.tax


def slip(login_id: str, month: str, *, bonus: bool = False) -> Slip:
    """The slip of YYYYMM."""
    seed = sum((number + 1) * ord(letter) for number, letter in enumerate(login_id))
    gross = 230_000 + seed % 97 * 1_300 + int(month[4:]) * 370
    if bonus:
        gross = gross * 2 // 1000 * 1000
    return Slip(gross, gross * 15 // 100, gross * 4 // 100)


def last_months(month: str, count: int = 12) -> list[str]:
    """YYYYMM and those before it, newest first."""
    number = int(month[:4]) * 12 + int(month[4:]) - 1
    return [f"{at // 12:04d}{at % 12 + 1:02d}" for at in range(number, number - count, -1)]


def yen(amount: int) -> str:
    """`¥ 234,500`, in ASCII digits."""
    return f"{amount:,} 円"
