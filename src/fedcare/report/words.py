"""How figures are written for people: names of metrics, numbers with their units, plain phrases."""

from __future__ import annotations

from dataclasses import dataclass

_DOLLARS = frozenset({"$", "usd", "dollar", "dollars", "us dollars"})
_PERCENT = frozenset({"accuracy", "sensitivity", "specificity"})
_IN_UNIT = frozenset({"mae"})
_SMALL_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

# The typographic minus, as wide as a plus.
MINUS = "\u2212"

NAMES = {
    "auc": "AUC",
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "brier": "Brier score",
    "loss": "Loss",
    "r2": "R²",
    "mae": "Mean absolute error",
    "mse": "Mean squared error",
}

MEANINGS = {
    "auc": "how often a positive case is ranked above a negative one; 0.5 is a coin, 1 is perfect",
    "accuracy": "share of rows whose class is predicted rightly",
    "sensitivity": "share of positive cases that are found",
    "specificity": "share of negative cases that are rightly cleared",
    "brier": "mean squared error of the probabilities; 0 is perfect",
    "loss": "what training makes smaller",
    "r2": "share of the target's variation that is explained; 1 is perfect, 0 is no better than the mean",
    "mae": "how far a prediction is off on average",
    "mse": "mean of the squared errors",
}


def metric_name(metric: str) -> str:
    """A metric's name as people write it."""
    return NAMES.get(metric, metric.replace("_", " ").capitalize())


def mid_sentence(metric: str) -> str:
    """A metric's name inside a sentence: abbreviations keep their capitals."""
    name = metric_name(metric)
    return name if name[:2].isupper() or name == "R²" else name[:1].lower() + name[1:]


@dataclass(frozen=True)
class Style:
    """How a metric's values are written: prefix, suffix and decimals; ``factor`` turns 0.934 into 93.4 per cent."""

    prefix: str = ""
    suffix: str = ""
    decimals: int = 3
    factor: float = 1.0

    def write(self, value: float) -> str:
        """The value with its unit: ``$1,234``, ``93.4%``, ``0.968``."""
        scaled = value * self.factor
        sign = MINUS if round(scaled, self.decimals) < 0 else ""
        return f"{sign}{self.prefix}{abs(scaled):,.{self.decimals}f}{self.suffix}"

    def size(self, value: float) -> str:
        """How large a difference is; of percentages it is given in points, which is what a difference of them is."""
        suffix = " points" if self.suffix == "%" else self.suffix
        return f"{self.prefix}{abs(value * self.factor):,.{self.decimals}f}{suffix}"

    def change(self, value: float) -> str:
        """A difference with its sign."""
        rounded = round(value * self.factor, self.decimals)
        return f"{'±' if rounded == 0 else '+' if rounded > 0 else MINUS}{self.size(value)}"


def style(metric: str, unit: str = "", size: float = 0.0) -> Style:
    """The style of a metric; ``size`` is a typical value, which sets the decimals of figures in the target's unit."""
    if metric in _PERCENT:
        return Style(suffix="%", decimals=1, factor=100.0)
    if metric == "mse":
        return Style(suffix=f" {unit}²" if unit else "", decimals=_decimals(size))
    if metric in _IN_UNIT:
        return unit_style(unit, size)
    return Style()


def unit_style(unit: str, size: float) -> Style:
    """The style of a value in the target's own unit: ``$1,234`` for dollars, ``152.3 mg/dl`` otherwise."""
    if is_dollars(unit):
        return Style(prefix="$", decimals=0 if abs(size) >= 100 else 2)
    return Style(suffix=f" {unit}" if unit else "", decimals=_decimals(size))


def is_dollars(unit: str) -> bool:
    """Whether amounts in ``unit`` are written with a dollar sign in front."""
    return unit.strip().casefold() in _DOLLARS


def write(metric: str, value: float, unit: str = "") -> str:
    """One metric's value with its unit."""
    return style(metric, unit, value).write(value)


def _decimals(size: float) -> int:
    return 0 if abs(size) >= 1000 else 1 if abs(size) >= 10 else 3


def count_word(count: int) -> str:
    """Small numbers in words, larger ones in digits with thousands separated."""
    return _SMALL_NUMBERS[count] if 0 <= count < len(_SMALL_NUMBERS) else f"{count:,}"


def plural(count: int, noun: str, many: str = "") -> str:
    """``1 round``, ``12 rounds``."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def seconds(value: float) -> str:
    """A duration: ``640 ms``, ``8.4 s``, ``3 min 05 s``, ``2 h 07 min``."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def data_size(value: float) -> str:
    """An amount of data in decimal units: ``512 B``, ``44.9 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:,.0f} B" if unit == "B" else f"{value:,.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"


def listed(parts: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def shorten(text: str, limit: int = 30) -> str:
    """A label for a narrow place; the whole text stands in the table under the figure."""
    clean = " ".join(text.split())
    return clean if len(clean) <= limit else clean[: limit - 1].rstrip() + "…"
