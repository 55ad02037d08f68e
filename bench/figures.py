"""The shapes figures come in: a share with its confidence interval, percentiles, and tables. Not for measuring."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Z95 = 1.96  # standard normal quantile of a 95 % interval


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` out of `total`, as a percentage with its 95 % Wilson interval."""

    hits: int
    total: int

    @property
    def percent(self) -> float:
        """0-100; 0 for an empty total."""
        return 100 * self.hits / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Percent, low and high."""
        if not self.total:
            return 0.0, 100.0
        p, n = self.hits / self.total, self.total
        centre = p + Z95**2 / (2 * n)
        spread = Z95 * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2))
        scale = 1 + Z95**2 / n
        return max(0.0, 100 * (centre - spread) / scale), min(100.0, 100 * (centre + spread) / scale)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.percent:.1f} % ({low:.0f}-{high:.0f})"

    def as_json(self) -> dict[str, Any]:
        """Counts, percentage and interval."""
        return {"hits": self.hits, "total": self.total, "percent": round(self.percent, 2), "interval95": self.interval}


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0-1) of the values lie, by nearest rank; NaN for none."""
    if not values:
        return math.nan
    return sorted(values)[min(len(values) - 1, math.ceil(share * len(values)) - 1 if share else 0)]


@dataclass(slots=True)
class Table:
    """One printed table and its JSON twin."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        """A row; every cell as text."""
        self.rows.append(tuple(str(cell) for cell in cells))
