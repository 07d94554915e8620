"""What becomes of the means of two sides when scores change places within each case.

Three ways to the distribution of the difference summed over the cases: all arrangements of a case one by one;
on a grid (scores in quarters, say) the exact chances of every sum; and draws from a table for each case.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, combinations
from operator import add
from random import Random

from llmops_cli.stats.lattice import Summand, effort

Sides = tuple[Sequence[float], Sequence[float]]
"""The scores of one case: the candidate's and the base's, at least one each."""
FINEST = 100
_EQUAL = 6e-7
"""Scores are kept to six digits: a third on record is 0.333333."""
_EFFORT = 10_000_000
_BLOCK = 400
_ENTRIES = 1 << 17
_TABLES = 500
_LARGEST, _SMALLEST, _BYTE = 1 << 15, 1 << 6, 1 << 8


def all_differences(mine: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """The difference of the means (mine less theirs) in each arrangement of one case."""
    difference = _difference_by_sum(mine, theirs)
    return [difference(sum(chosen)) for chosen in combinations((*mine, *theirs), len(mine))]


def grid_of(cases: Sequence[Sides]) -> int | None:
    """The smallest number of which all scores are fractions (4 for quarters); None where it is above FINEST."""
    values = {score for mine, theirs in cases for score in (*mine, *theirs)}
    if len(values) > FINEST + 1:
        return None
    fits = (
        grid
        for grid in range(1, FINEST + 1)
        if all(abs(score * grid - round(score * grid)) < _EQUAL * grid for score in values)
    )
    return next(fits, None)


def on_grid(cases: Sequence[Sides], grid: int) -> tuple[list[Summand], int] | None:
    """The candidate's weighted sum as whole numbers, and the one that was seen; None where it takes too long.

    The base's scores are what is left of a case's, so that the candidate's sum times (1 / k + 1 / m) tells all.
    """
    multiple = math.lcm(*{len(mine) * len(theirs) for mine, theirs in cases})
    groups: Counter[tuple[int, tuple[int, ...]]] = Counter()
    seen = 0
    for mine, theirs in cases:
        whole = [round(score * grid) for score in mine]
        groups[len(mine), tuple(sorted(whole + [round(score * grid) for score in theirs]))] += 1
        seen += sum(whole) * _scale(len(mine), len(theirs), multiple)
    if _counting(groups) > _EFFORT:
        return None
    summands = [
        Summand(*subset_sums(pool, count), _scale(count, len(pool) - count, multiple), number)
        for (count, pool), number in groups.items()
    ]
    return (summands, seen) if effort(summands) <= _EFFORT else None


def _counting(groups: Iterable[tuple[int, tuple[int, ...]]]) -> int:
    """At least what it takes to find the chances, and to use each of them some thirty times."""
    smaller = [(min(count, len(pool) - count), pool) for count, pool in groups]
    return sum(count * (2 * len(pool) + 30 * (pool[-1] - pool[0])) for count, pool in smaller)


def _scale(count: int, others: int, multiple: int) -> int:
    return multiple * (count + others) // (count * others)


def subset_sums(pool: Sequence[int], count: int) -> tuple[int, tuple[float, ...]]:
    """The sum of `count` of these whole numbers drawn without replacement: the least, and the chances above.

    The ways to each sum stand side by side in one large integer, so that a shift and an addition count all of
    them at once.
    """
    if 2 * count > len(pool):
        least, chances = subset_sums(pool, len(pool) - count)
        return sum(pool) - least - len(chances) + 1, chances[::-1]
    ways = math.comb(len(pool), count)
    size = ways.bit_length() // 8 + 1
    lowest = min(pool)
    sums = [1] + [0] * count
    for number, value in enumerate(pool):
        shift = 8 * size * (value - lowest)
        for taken in range(min(count, number + 1), 0, -1):
            sums[taken] += sums[taken - 1] << shift
    found = sums[count]
    least = (found & -found).bit_length() // (8 * size)
    found >>= 8 * size * least
    content = found.to_bytes(-(-found.bit_length() // (8 * size)) * size, "little")
    parts = (content[start : start + size] for start in range(0, len(content), size))
    return lowest * count + least, tuple(int.from_bytes(part, "little") / ways for part in parts)


def drawn(cases: Sequence[Sides], at: float, rng: Random, most: int, enough: int) -> tuple[int, int]:
    """How many arrangements had a summed difference of at most `at`, of how many drawn.

    Block by block, and within the block that reaches `enough` only up to the one that does.
    """
    draws = _drawers(cases, rng)
    low = number = 0
    while number < most:
        size = min(_BLOCK, most - number)
        sums = [0.0] * size
        for draw in draws:
            sums = list(map(add, sums, draw(size)))
        for value in sums:
            number += 1
            low += value <= at
            if low >= enough:
                return low, number
    return low, number


def _drawers(cases: Sequence[Sides], rng: Random) -> list[Callable[[int], Iterable[float]]]:
    """What draws so many summed differences, for each part of the cases: together they are all.

    Each draws from a table of arrangements of its cases. Tables are the smaller the more cases there are: what one
    lacks in variety averages out. One entry of each, chosen beforehand, is the observed arrangement. So where
    nothing changed it is an entry like any other, whatever the table, and the observed sum and those drawn are
    exchangeable: tables cost nothing of the level (Hemerik & Goeman 2018, TEST 27:811).
    """
    size = min(_LARGEST, max(_SMALLEST, 1 << (_ENTRIES // len(cases)).bit_length() - 1))
    if size > _BYTE:
        return [_chooser(_all_or_table(*case, rng, size), rng) for case in cases]
    together = -(-len(cases) // _TABLES)
    found = []
    for first in range(0, len(cases), together):
        place = rng.randrange(size)
        tables = [_table(*case, rng, size, place) for case in cases[first : first + together]]
        table = [sum(values) for values in zip(*tables, strict=True)]
        found.append(_byte_chooser(table * (_BYTE // size), rng))
    return found


def _all_or_table(mine: Sequence[float], theirs: Sequence[float], rng: Random, size: int) -> list[float]:
    if math.comb(len(mine) + len(theirs), len(mine)) <= size:
        return all_differences(mine, theirs)
    return _table(mine, theirs, rng, size, rng.randrange(size))


def _chooser(table: Sequence[float], rng: Random) -> Callable[[int], Iterable[float]]:
    return lambda size: rng.choices(table, k=size)


def _byte_chooser(table: Sequence[float], rng: Random) -> Callable[[int], Iterable[float]]:
    return lambda size: map(table.__getitem__, rng.randbytes(size))


def _table(mine: Sequence[float], theirs: Sequence[float], rng: Random, size: int, place: int) -> list[float]:
    """`size` random arrangements of a case, the observed one at this place.

    They are balanced, so that their mean is that of all arrangements but for a remainder.
    """
    if math.comb(len(mine) + len(theirs), len(mine)) <= size:
        return _copies(all_differences(mine, theirs), rng, size, place)
    whole, count = len(mine) + len(theirs), len(mine)
    slope, offset = 1 / count + 1 / (whole - count), (sum(mine) + sum(theirs)) / (whole - count)
    pool, starts, table = [*mine, *theirs], _starts(whole, count), list[float]()
    for first in range(0, size, whole):
        order = rng.sample(pool, whole)
        if first <= place < first + whole:
            order = rng.sample(mine, count) + rng.sample(theirs, whole - count)
            turn = whole - starts[place - first]
            order = order[turn:] + order[:turn]
        upto = list(accumulate(order + order[:count], initial=0.0))
        table += [slope * (upto[start + count] - upto[start]) - offset for start in starts]
    return table[:size]


def _copies(values: list[float], rng: Random, size: int, place: int) -> list[float]:
    """All arrangements as often as they fit, a random remainder, shuffled; the first of them at this place."""
    copies, left = divmod(size, len(values))
    more = rng.choices(values, k=left)
    is_copy = rng.randrange(size) >= left
    others = [*values[1:], *values * (copies - 1), *more] if is_copy else [*values * copies, *more[1:]]
    table = rng.sample(others, size - 1)
    table.insert(place, values[0])
    return table


@lru_cache(maxsize=256)
def _starts(whole: int, count: int) -> tuple[int, ...]:
    """Every place of a circle once, one step of `count` after the other: the scores from each are one side's.

    So those of neighbouring steps do not overlap, and each score is taken about as often after any number of steps.
    """
    around = whole // math.gcd(whole, count)
    return tuple((step * count + step // around) % whole for step in range(whole))


def _difference_by_sum(mine: Sequence[float], theirs: Sequence[float]) -> Callable[[float], float]:
    """From the sum of the candidate's scores to the difference of the means."""
    slope, offset = 1 / len(mine) + 1 / len(theirs), (sum(mine) + sum(theirs)) / len(theirs)
    return lambda mine_sum: mine_sum * slope - offset
