"""The incomplete beta function and what follows from it, so that no run needs SciPy."""

import math
from collections.abc import Callable

_TINY = 1e-300
_CLOSE = 1e-15


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b): P(X <= x) for X ~ Beta(a, b).

    The continued fraction of *NIST Digital Library of Mathematical Functions* 8.17.22, by Lentz's method
    (Thompson & Barnett 1986). Raises ValueError unless a, b > 0 and 0 <= x <= 1.
    """
    if not (a > 0 and b > 0 and 0 <= x <= 1):
        raise ValueError(f"the incomplete beta function needs a, b > 0 and x in 0..1, not {a}, {b}, {x}")
    if x in {0, 1}:
        return float(x)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    log_front = (
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    ) - math.log(a)
    return min(1.0, math.exp(log_front) * _fraction(a, b, x))


def _fraction(a: float, b: float, x: float) -> float:
    found = c = 1.0
    d = 0.0
    for number in range(1, 100_000):
        m = number // 2
        if number % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / ((1 + term * d) or _TINY)
        c = (1 + term / c) or _TINY
        found *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return 1 / found


def beta_quantile(a: float, b: float, chance: float) -> float:
    """The x with I_x(a, b) = chance, by bisection to the last digits. Raises as `incomplete_beta` does."""
    return _root(lambda x: incomplete_beta(a, b, x) - chance, 0.0, 1.0)


def student_below(value: float, freedom: float) -> float:
    """P(T <= value) of Student's t with so many degrees of freedom. Raises ValueError unless freedom > 0."""
    if freedom <= 0:
        raise ValueError(f"Student's t needs degrees of freedom above 0, not {freedom}")
    square = value * value
    if square < freedom:  # near the middle the tail would be a difference of nearly equal numbers
        return 0.5 + math.copysign(incomplete_beta(0.5, freedom / 2, square / (freedom + square)) / 2, value)
    tail = incomplete_beta(freedom / 2, 0.5, freedom / (freedom + square)) / 2
    return 1 - tail if value > 0 else tail


def student_quantile(chance: float, freedom: float) -> float:
    """The value with P(T <= value) = chance, for a chance inside 0..1. Raises ValueError outside."""
    if not 0 < chance < 1:
        raise ValueError(f"a chance lies inside 0..1, not {chance}")
    if chance < 0.5:
        return -student_quantile(1 - chance, freedom)
    share = beta_quantile(freedom / 2, 0.5, 2 * (1 - chance))
    return math.sqrt(freedom * (1 - share) / share)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function crosses 0."""
    for _ in range(200):
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        if function(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
