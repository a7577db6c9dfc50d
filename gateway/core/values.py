"""Small values that are made for every request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True)
def fast_frozen(cls: type[_T]) -> type[_T]:
    """A frozen dataclass with slots, but it is the type checker that holds it frozen.

    Freezing at run time as well makes every construction four times as dear: half a dozen of these per request were
    a tenth of all that a request cost.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
