"""From figures to the geometry of a chart: where every line, bar and number stands. What draws it has only to write
down coordinates, so that one set of numbers serves the picture and the table beside it.

    values ──► scale (0 … a round number) ──► bars | one stepped line, in a plot with ticks

Coordinates are SVG's: right and down, in units of the view box, rounded to a tenth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plot:
    """The view box and the part of it in which figures stand. The rest is for the words around it."""

    width: float = 360.0
    height: float = 200.0
    left: float = 44.0
    right: float = 12.0
    top: float = 22.0
    bottom: float = 26.0

    @property
    def floor(self) -> float:
        """Where zero is."""
        return self.height - self.bottom

    @property
    def end(self) -> float:
        """Where the plot ends at the right."""
        return self.width - self.right


@dataclass(frozen=True, slots=True)
class Tick:
    """A value of the scale and how far down it stands; or a figure's index and how far right."""

    value: int
    at: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure as a bar."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Mark:
    """The one figure that has its number beside it. `anchor` is SVG's text-anchor that keeps the number inside."""

    index: int
    value: int
    x: float
    y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart ready to be drawn. `bars` of a bar chart, figures of zero left out; `line` and `area` are path data of a
    stepped line. `mark`: the largest figure of bars, the last of a line."""

    plot: Plot
    scale: tuple[Tick, ...]
    labels: tuple[Tick, ...]
    bars: tuple[Bar, ...] = ()
    line: str = ""
    area: str = ""
    mark: Mark | None = None


def bar_chart(values: Sequence[int], plot: Plot | None = None, *, labels: int = 4) -> Chart:
    """One bar a figure, which touch neither each other nor the frame. `labels`: how many figures get a date at most."""
    plot = plot or Plot()
    top = scale_of(max(values, default=0))
    slot = (plot.end - plot.left) / max(1, len(values))
    width = min(slot * 0.75, 24.0)
    middles = [plot.left + slot * (index + 0.5) for index in range(len(values))]
    heights = [max(1.0, _tenth(plot.floor - _y(plot, value, top[-1]))) for value in values]  # one of 2,000 still shows
    bars = tuple(
        Bar(_tenth(middle - width / 2), _tenth(plot.floor - height), _tenth(width), height)
        for middle, value, height in zip(middles, values, heights, strict=True)
        if value
    )
    largest = max(range(len(values)), key=lambda index: values[index], default=0)
    mark = _mark(plot, largest, values[largest], middles[largest], top[-1]) if bars else None
    return Chart(plot, _ticks(plot, top), _labels(middles, labels), bars=bars, mark=mark)


def step_chart(values: Sequence[int], plot: Plot | None = None, *, labels: int = 4) -> Chart:
    """A level that holds until it changes: a stepped line from the first figure to the last, with the area under it."""
    plot = plot or Plot()
    top = scale_of(max(values, default=0))
    slot = (plot.end - plot.left) / max(1, len(values))
    starts = [plot.left + slot * index for index in range(len(values))]
    middles = [start + slot / 2 for start in starts]
    heights = [_y(plot, value, top[-1]) for value in values]
    line = "".join(
        f"V{height:g}H{_tenth(start + slot):g}" if index else f"M{plot.left:g} {height:g}H{_tenth(start + slot):g}"
        for index, (start, height) in enumerate(zip(starts, heights, strict=True))
    )
    area = f"{line}V{plot.floor:g}H{plot.left:g}Z" if line else ""
    last = len(values) - 1
    mark = _mark(plot, last, values[last], plot.end, top[-1]) if values else None
    return Chart(plot, _ticks(plot, top), _labels(middles, labels), line=line, area=area, mark=mark)


def scale_of(largest: int, steps: int = 4) -> tuple[int, ...]:
    """Whole round numbers in equal steps, at most `steps` of them, from 0 to the first that reaches `largest`."""
    size = 1
    while 10 * size * steps < largest:
        size *= 10
    step = next(size * number for number in (1, 2, 5, 10) if size * number * steps >= largest)
    count = max(1, -(-largest // step))
    return tuple(range(0, count * step + 1, step))


def _ticks(plot: Plot, scale: Sequence[int]) -> tuple[Tick, ...]:
    return tuple(Tick(value, _y(plot, value, scale[-1])) for value in scale)


def _labels(middles: Sequence[float], most: int) -> tuple[Tick, ...]:
    """Figures that get a date: evenly spread, and always the last."""
    count = len(middles)
    stride = max(1, -(-(count - 1) // max(1, most - 1)))
    chosen = sorted(range(count - 1, -1, -stride))
    return tuple(Tick(index, _tenth(middles[index])) for index in chosen)


def _mark(plot: Plot, index: int, value: int, x: float, top: int) -> Mark:
    sixth = (plot.end - plot.left) / 6
    anchor = "start" if x < plot.left + sixth else "end" if x > plot.end - sixth else "middle"
    return Mark(index, value, _tenth(x), _tenth(_y(plot, value, top) - 5), anchor)


def _y(plot: Plot, value: int, top: int) -> float:
    return _tenth(plot.floor - (plot.floor - plot.top) * value / top)


def _tenth(number: float) -> float:
    return round(number, 1)
