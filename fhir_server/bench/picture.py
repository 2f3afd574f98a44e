"""Draw results as bars beside their targets, as SVG. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, ROW, LEFT, BAR = 760, 44, 250, 400
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#12344d}.s{font-size:11.5px;fill:#5a6f84}"
    ".bar{fill:#0b7a75}.miss{fill:#b4562a}.target{stroke:#12344d;stroke-width:2}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One workload: what was measured and what is aimed at, both in `unit`."""

    label: str
    unit: str
    value: float
    target: float


def draw(title: str, bars: Sequence[Bar]) -> str:
    """Return an SVG with one row per bar; the upright line is the target."""
    height = 60 + ROW * len(bars)
    rows = "".join(_row(bar, 50 + ROW * index) for index, bar in enumerate(bars))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f'<rect width="{WIDTH}" height="{height}" rx="10" fill="#f6f8fb"/>'
        f'<text x="20" y="30" font-weight="650">{escape(title)}</text>{rows}</svg>\n'
    )


def _row(bar: Bar, top: int) -> str:
    scale = BAR / max(bar.value, bar.target)
    kind = "bar" if bar.value >= bar.target else "miss"
    length, line = bar.value * scale, LEFT + bar.target * scale
    figures = f"{bar.value:,.0f} / {bar.target:,.0f}"
    return (
        f'<text x="20" y="{top + 16}">{escape(bar.label)}</text>'
        f'<rect class="{kind}" x="{LEFT}" y="{top}" width="{length:.1f}" height="22" rx="4"/>'
        f'<line class="target" x1="{line:.1f}" x2="{line:.1f}" y1="{top - 4}" y2="{top + 26}"/>'
        f'<text class="s" x="{LEFT + BAR + 10}" y="{top + 15}">{figures}</text>'
        f'<text class="s" x="20" y="{top + 31}">{escape(bar.unit)}</text>'
    )
