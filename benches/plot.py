"""Draws the scaling cases as an SVG: both axes logarithmic, time above, memory below."""

import math
from html import escape

from report import MIB, measured, middle, peak

WIDTH, HEIGHT = 420, 210  # of a panel
LEFT, TOP, GAP_X, GAP_Y, BOTTOM = 62, 40, 84, 34, 52
STYLE = """
text { font: 12px sans-serif; fill: #24292f } .title { font-weight: bold } .back { fill: #ffffff }
.axis { fill: none; stroke: #57606a } .grid { stroke: #d0d7de } .ideal { stroke: #8c959f; stroke-dasharray: 5 4 }
.a { stroke: #0969da; fill: none; stroke-width: 2 } .b { stroke: #bc4c00; fill: none; stroke-width: 2 }
.a-dot { fill: #0969da } .b-dot { fill: #bc4c00 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .back { fill: #0d1117 } .axis { stroke: #8b949e } .grid { stroke: #30363d } .ideal { stroke: #6e7681 }
.a { stroke: #58a6ff } .b { stroke: #f0883e } .a-dot { fill: #58a6ff } .b-dot { fill: #f0883e } }
"""
TITLES = {"file": ("hfx download: snapshots of files of 16 KiB", "files in the snapshot"),
          "byte": ("hfx get: one file, SHA-256 checked", "size of the file")}
Points = list[tuple[float, float]]


def svg(cases: list[dict]) -> str:
    """A column a case."""
    width = LEFT + len(cases) * (WIDTH + GAP_X) - GAP_X + 30
    height = TOP + 2 * HEIGHT + GAP_Y + BOTTOM
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
             f"<style>{STYLE}</style>", f'<rect class="back" width="{width}" height="{height}"/>']
    for i, case in enumerate(cases):
        parts += column(case, LEFT + i * (WIDTH + GAP_X))
    return "\n".join([*parts, "</svg>\n"])


def column(case: dict, left: float) -> list[str]:
    rows, (title, below) = measured(case), TITLES[case["unit"]]
    wall, cpu = ([(row["amount"], middle(row, field)) for row in rows] for field in ("wall", "cpu"))
    memory = [(row["amount"], peak(row, "anon") / MIB) for row in rows]
    ticks = [(row["amount"], row["tool"].removesuffix(" files")) for row in rows]
    lower = TOP + HEIGHT + GAP_Y
    return [
        text(left, TOP - 16, title, "title"),
        *panel(left, TOP, ticks, {"wall time": wall, "CPU time": cpu}, "seconds", ideal=wall[-1]),
        *panel(left, lower, ticks, {"peak RssAnon": memory}, "MiB", at_least=(1, 100)),
        *(text(x_of(left, ticks, amount), lower + HEIGHT + 18, label, anchor="middle") for amount, label in ticks),
        text(left + WIDTH / 2, lower + HEIGHT + 40, below, anchor="middle"),
    ]


def x_of(left: float, ticks: list[tuple[float, str]], amount: float) -> float:
    first, last = ticks[0][0], ticks[-1][0]
    return left + 14 + (WIDTH - 28) * math.log(amount / first) / math.log(last / first or 1)


def panel(left: float, top: float, ticks: list[tuple[float, str]], lines: dict[str, Points], unit: str,
          ideal: tuple[float, float] | None = None, at_least: tuple[float, ...] = ()) -> list[str]:
    """One pair of axes, which show `at_least` these values; a dashed line to `ideal` shows what linear is."""
    values = [y for points in lines.values() for _, y in points if y > 0] + list(at_least)
    low = math.floor(math.log10(min(values)))
    high = max(math.ceil(math.log10(max(values))), low + 1)

    def x(amount: float) -> float:
        return x_of(left, ticks, amount)

    def y(value: float) -> float:
        return top + HEIGHT * (high - math.log10(value)) / (high - low)

    parts = [text(left - 48, top + HEIGHT / 2, unit, anchor="middle", turn=True)]
    for power in range(low, high + 1):
        at = y(10**power)
        parts += [stroke("grid", (left, at), (left + WIDTH, at)), text(left - 8, at + 4, f"{10.0**power:g}", anchor="end")]
    parts += [stroke("grid", (x(amount), top), (x(amount), top + HEIGHT)) for amount, _ in ticks]
    parts.append(f'<rect class="axis" x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}"/>')
    if ideal:
        amount, value = ideal
        start = max(ticks[0][0], amount * 10**low / value)
        parts.append(stroke("ideal", (x(start), y(value * start / amount)), (x(amount), y(value))))
    for i, (kind, (label, points)) in enumerate(zip("ab", lines.items())):
        places = [(x(amount), y(value)) for amount, value in points if value > 0]
        parts.append(f'<polyline class="{kind}" points="{" ".join(f"{px:.1f},{py:.1f}" for px, py in places)}"/>')
        parts += [f'<circle class="{kind}-dot" cx="{px:.1f}" cy="{py:.1f}" r="3.5"/>' for px, py in places]
        parts += legend(left + 12, top + 18 + 17 * i, kind, label)
    return parts + (legend(left + 12, top + 18 + 17 * len(lines), "ideal", "linear") if ideal else [])


def legend(left: float, top: float, kind: str, label: str) -> list[str]:
    return [stroke(kind, (left, top - 4), (left + 22, top - 4)), text(left + 28, top, label)]


def stroke(kind: str, start: tuple[float, float], end: tuple[float, float]) -> str:
    return f'<line class="{kind}" x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"/>'


def text(left: float, top: float, what: str, kind: str = "", anchor: str = "start", turn: bool = False) -> str:
    turned = f' transform="rotate(-90 {left:.1f} {top:.1f})"' if turn else ""
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{left:.1f}" y="{top:.1f}" text-anchor="{anchor}"{turned}>{escape(what)}</text>'
