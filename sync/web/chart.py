"""The bar chart of net sales per day, as numbers for a server-side SVG: no style, no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sync.reports import Day
from sync.templatetags.formats import count, short_date

HEIGHT = 170
TOP, BOTTOM, LEFT = 10, 26, 46
STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(4), Decimal(5), Decimal(10))
GRID_LINES = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """Pixels in the view box; the gap stands on top of what is in the books."""

    day: date
    x: str
    width: str
    books_y: str
    books_height: str
    gap_y: str
    gap_height: str
    has_gap: bool


@dataclass(frozen=True, slots=True)
class Tick:
    y: str
    text_y: str
    label: str


@dataclass(frozen=True, slots=True)
class Label:
    x: str
    text: str


@dataclass(slots=True)
class Chart:
    name: str
    width: int
    height: int = HEIGHT
    left: int = LEFT
    bars: list[Bar] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)


def draw(days: Sequence[Day], *, name: str, width: int, label_every: int) -> Chart:
    """Days of net refunds draw no bar below the line; their table says the amount."""
    chart = Chart(name, width)
    highest = max((max(day.books, Decimal(0)) + max(day.missing, Decimal(0)) for day in days), default=Decimal(0))
    step = _step(highest)
    top = step * GRID_LINES
    room = Decimal(HEIGHT - TOP - BOTTOM)
    floor = Decimal(HEIGHT - BOTTOM)
    for line in range(GRID_LINES + 1):
        y = floor - room * line / GRID_LINES
        chart.ticks.append(Tick(_px(y), _px(y + 4), count(int(step * line)) if step >= 1 else str(step * line)))
    slot = Decimal(width - LEFT - 6) / max(len(days), 1)
    for place, day in enumerate(days):
        x = LEFT + 4 + slot * place
        books = room * max(day.books, Decimal(0)) / top
        gap = room * max(day.missing, Decimal(0)) / top
        chart.bars.append(
            Bar(
                day.day, _px(x + slot * Decimal("0.14")), _px(slot * Decimal("0.72")), _px(floor - books), _px(books),
                _px(floor - books - gap), _px(gap), gap > 0,
            )
        )  # fmt: skip
        if place % label_every == 0:
            chart.labels.append(Label(_px(x + slot / 2), short_date(day.day)))
    return chart


def _step(highest: Decimal) -> Decimal:
    """A round step so that four of them hold the highest bar."""
    if highest <= 0:
        return Decimal(25)
    raw = highest / GRID_LINES
    scale = Decimal(10) ** (raw.adjusted())
    return next((step * scale for step in STEPS if step * scale >= raw), scale * 10)


def _px(value: Decimal) -> str:
    return f"{value:.1f}"
