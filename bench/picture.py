"""Charts as SVG files in the manner of the gateway's own: one dark colour, readable in black and white."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from gateway.core.charts import Chart, Plot, bar_chart, step_chart

_STYLE = """
svg{background:#fff}text{font:12px system-ui,"Noto Sans","Liberation Sans",sans-serif;fill:#4d4d4d}
.title{font-size:15px;font-weight:700;fill:#1a1a1a}.number{font-weight:700;fill:#1a1a1a}
.scale path{stroke:#d9d9d9;fill:none}.scale .zero{stroke:#1a1a1a}
.ours{fill:#0017c1}.other{fill:#fff;stroke:#1a1a1a;stroke-width:1.25}
.line{fill:none;stroke:#0017c1;stroke-width:2.5;stroke-linejoin:round}.area{fill:#e8eaf9}
.second{fill:none;stroke:#1a1a1a;stroke-width:1.5;stroke-dasharray:5 4}
""".replace("\n", "")


@dataclass(frozen=True, slots=True)
class Figure:
    """One bar. `ours` is filled, the others are outlines."""

    label: str
    value: float
    ours: bool = False


def bars(title: str, unit: str, groups: Sequence[tuple[str, Sequence[Figure]]]) -> str:
    """Groups of bars side by side, each bar with its number on top and its label beneath."""
    plot = Plot(width=720, height=280, left=48, top=56, bottom=52)
    slots: list[Figure | None] = []
    for _, figures in groups:
        slots += [*figures, None]
    slots = slots[:-1]
    chart = bar_chart([round(one.value) if one else 0 for one in slots], plot, labels=max(2, len(slots)))
    middles = {label.value: label.at for label in chart.labels}
    parts = [_frame(chart, unit)]
    shown = [(index, one) for index, one in enumerate(slots) if one is not None and round(one.value)]
    for bar, (index, one) in zip(chart.bars, shown, strict=True):
        kind = "ours" if one.ours else "other"
        parts.append(
            f'<rect class="{kind}" x="{bar.x:g}" y="{bar.y:g}" width="{bar.width:g}" height="{bar.height:g}"/>'
        )
        parts.append(_text(middles[index], bar.y - 5, f"{one.value:.0f}", "middle", "number"))
        parts.append(_text(middles[index], plot.floor + 16, one.label, "middle"))
    start = 0
    for name, figures in groups:
        middle = (middles[start] + middles[start + len(figures) - 1]) / 2
        parts.append(_text(middle, plot.floor + 38, name, "middle", "number"))
        start += len(figures) + 1
    return _document(plot, title, "".join(parts))


def curve(title: str, unit: str, values: Sequence[int], labels: Sequence[str], second: Sequence[int] = ()) -> str:
    """A stepped line over time with the area under it; `second` dashed, on the same scale. `labels`: one a value, of
    which some are shown."""
    plot = Plot(width=720, height=280, left=64, top=56, bottom=36)
    largest = max((*values, *second), default=0)
    scaled = step_chart([*values[:-1], largest] if values else [], plot, labels=7)  # the larger of both sets the scale
    top = scaled.scale[-1].value
    parts = [_frame(scaled, unit)]
    parts.append(f'<path class="area" d="{_steps(plot, values, top)}V{plot.floor:g}H{plot.left:g}Z"/>')
    parts.append(f'<path class="line" d="{_steps(plot, values, top)}"/>')
    if second:
        parts.append(f'<path class="second" d="{_steps(plot, second, top)}"/>')
    parts += [_text(tick.at, plot.floor + 18, labels[tick.value], "middle") for tick in scaled.labels]
    return _document(plot, title, "".join(parts))


def _steps(plot: Plot, values: Sequence[int], top: int) -> str:
    """A stepped line on a scale that goes up to `top`."""
    slot = (plot.end - plot.left) / max(1, len(values))
    words = [f"M{plot.left:g} {plot.floor:g}"]
    for index, value in enumerate(values):
        words.append(f"V{plot.floor - (plot.floor - plot.top) * value / top:.1f}H{plot.left + slot * (index + 1):.1f}")
    return "".join(words)


def _frame(chart: Chart, unit: str) -> str:
    plot, lines = chart.plot, []
    for number, tick in enumerate(chart.scale):
        zero = ' class="zero"' if not number else ""
        lines.append(f'<path{zero} d="M{plot.left:g} {tick.at:g}H{plot.end:g}"/>')
        lines.append(_text(plot.left - 6, tick.at + 4, f"{tick.value:,}", "end"))
    return f'<g class="scale">{"".join(lines)}</g>' + _text(4, plot.top - 10, unit, "start")


def _text(x: float, y: float, words: str, anchor: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>'


def _document(plot: Plot, title: str, inside: str) -> str:
    size = f'viewBox="0 0 {plot.width:g} {plot.height:g}" width="{plot.width:g}" height="{plot.height:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">'
        f"<style>{_STYLE}</style>{_text(4, 20, title, 'start', 'title')}{inside}</svg>\n"
    )
