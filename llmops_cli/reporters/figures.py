"""Numbers as people read them; what is unknown is a dash."""

NONE = "–"


def percent(share: float | None) -> str:
    """A share as a whole percentage; 99.6 % is not shown as 100 %."""
    if share is None:
        return NONE
    rounded = round(share * 100)
    if rounded == 100 and share < 1:
        rounded = 99
    if rounded == 0 and share > 0:
        rounded = 1
    return f"{rounded}%"


def score(value: float | None) -> str:
    """A mean score."""
    return NONE if value is None else f"{value:.2f}"


def count(value: float | None) -> str:
    """Tokens and the like."""
    return NONE if value is None else f"{value:,.0f}"


def dollars(value: float | None) -> str:
    """USD with as many digits as a small sum needs."""
    if value is None:
        return NONE
    if value == 0:
        return "$0"
    if 0 < value < 0.0001:
        return "<$0.0001"
    return f"${value:,.2f}" if abs(value) >= 1 else f"${value:.2g}"


def seconds(value: float | None) -> str:
    """A duration."""
    if value is None:
        return NONE
    if value < 0.001:
        return "<1 ms"
    return (
        f"{value * 1000:.0f} ms"
        if value < 1
        else f"{value:.1f} s"
        if value < 100
        else f"{value / 60:.1f} min"
    )


def signed(value: float, unit: str = "") -> str:
    """A difference with its sign."""
    return (
        f"±0{unit}"
        if value == 0
        else f"{value:+,.{0 if value == int(value) else 1}f}{unit}".replace("-", "−")
    )


def plural(number: int, noun: str) -> str:
    """`1 case`, `3 cases`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
