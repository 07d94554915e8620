"""Pairing two lists without regard to order."""

from collections import deque
from collections.abc import Callable, Mapping


def pair_up(
    wanted: int, given: int, fits: Callable[[int, int], bool], start: Mapping[int, int] | None = None
) -> dict[int, int]:
    """As many pairs (wanted index to given index) as can be made where `fits` holds, each used once.

    Maximum bipartite matching by augmenting paths (Berge 1957). Taking the first that fits is not enough: a
    loose expectation may take the only thing that fits a strict one. `start` holds pairs known to fit.
    """
    pairs = dict(start or {})
    taken = {right: left for left, right in pairs.items()}
    for left in range(wanted):
        if left not in pairs:
            _augment(left, given, fits, pairs, taken)
    return pairs


def _augment(
    first: int, given: int, fits: Callable[[int, int], bool], pairs: dict[int, int], taken: dict[int, int]
) -> None:
    """Find a place for one more, moving others where they can go elsewhere."""
    came_from: dict[int, int] = {}
    queue = deque([first])
    while queue:
        left = queue.popleft()
        for step in range(given):
            right = (left + step) % given  # things in order are the common case: try the same place first
            if right in came_from or not fits(left, right):
                continue
            came_from[right] = left
            if right in taken:
                queue.append(taken[right])
                continue
            free: int | None = right
            while free is not None:
                mover = came_from[free]
                left_behind = pairs.get(mover)
                pairs[mover], taken[free] = free, mover
                free = left_behind
            return
