"""Lower and upper bounds, as several scorers take them."""

import math


def check_bounds(minimum: float | None, maximum: float | None) -> None:
    """Raises ValueError where no answer could ever lie between, or where there is no bound at all."""
    if minimum is None and maximum is None:
        raise ValueError("give 'min', 'max' or both")
    check_order(minimum, maximum)


def check_order(minimum: float | None, maximum: float | None) -> None:
    """Raises ValueError for a bound that is no number, or a 'min' above its 'max'."""
    for name, bound in (("min", minimum), ("max", maximum)):
        if isinstance(bound, float) and math.isnan(bound):
            raise ValueError(f"'{name}' must be a number, got NaN")
    if minimum is not None and maximum is not None and minimum > maximum:
        raise ValueError(f"'min' ({minimum:g}) must not be above 'max' ({maximum:g})")


def check_not_negative(**bounds: float | None) -> None:
    """Raises ValueError for a negative argument or NaN, where only amounts make sense."""
    for name, bound in bounds.items():
        if bound is not None and not bound >= 0:
            raise ValueError(f"'{name}' must be 0 or more, got {bound:g}")


def within(found: float, minimum: float | None, maximum: float | None) -> bool:
    """Whether a figure lies between the bounds, both included."""
    return (minimum is None or found >= minimum) and (maximum is None or found <= maximum)


def bounds_words(minimum: float | None, maximum: float | None) -> str:
    """The bounds in words: "3 to 7", "at least 3", "exactly 3"."""
    if minimum is None:
        return f"at most {maximum:.10g}"
    if maximum is None:
        return f"at least {minimum:.10g}"
    return f"exactly {minimum:.10g}" if minimum == maximum else f"{minimum:.10g} to {maximum:.10g}"
