"""Medians with their spread, and ratios of them."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """The median of repeated measurements, with the lower and the upper quartile."""

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values):
        """Of at least one value."""
        values = sorted(values)
        low, _, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
        return cls(statistics.median(values), low, high, len(values))

    @classmethod
    def from_json(cls, json):
        """From the form that `as_json` returns."""
        return cls(json["median"], json["low"], json["high"], json["count"])

    def as_json(self):
        """For the file of results."""
        return {"median": round(self.median, 4), "low": round(self.low, 4), "high": round(self.high, 4), "count": self.count}


def ratio(theirs, ours):
    """How many times ours fits into theirs; infinite if ours is zero."""
    return theirs / ours if ours else float("inf")


def number(value):
    """A figure with three significant digits, and no more than it has: 0.93, 4.07, 12.3, 506, 1,720."""
    if value == 0:
        return "0"
    size = abs(value)
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2
    return f"{value:,.{digits}f}"
