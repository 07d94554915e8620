"""Cases that were answered by the very same calls: several questions to one answer are one draw of the model.

Two cases with the same request share an answer in the cache, each with scorers of its own. Their trials are then no
independent evidence, however many there are: which call answered decides, never whether texts are equal.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from llmops_cli.comparison.replayed import asked, known_unchanged
from llmops_cli.domain.comparison import Delta
from llmops_cli.domain.outcome import Outcome
from llmops_cli.stats.stratified import Counts, Linked

T = TypeVar("T")
Calls = Mapping[str, bool]
"""What each call of one side meant to a case: did it pass?"""


@dataclass(frozen=True, slots=True)
class Link:
    """Some cases that share calls. `linked` is None where they do not share all of them on both sides, so that calls
    cannot change places: then only the first of `cases` speaks in a test, the others say the same once more."""

    cases: tuple[str, ...]
    linked: Linked | None = None


def links_of(deltas: Iterable[Delta]) -> tuple[Link, ...]:
    """The groups of comparable cases that share a call on either side, each in alphabetical order."""
    deltas = list(deltas)
    if not _shared(deltas):
        return ()
    sides: dict[str, tuple[Calls, Calls, bool]] = {}
    for delta in deltas:
        if delta.comparable and not delta.accepted and not known_unchanged(delta.candidate, delta.base):
            mine, theirs = asked(delta.candidate, delta.base), delta.base.outcomes
            judged = [[o for o in side if o.passed is not None] for side in (mine, theirs)]
            calls = [_calls(side) for side in judged]
            whole = all(len(one) == len(side) for one, side in zip(calls, judged, strict=True))
            sides[delta.case_id] = (calls[0], calls[1], whole)
    return tuple(_link(names, sides) for names in _groups(sides))


def _shared(deltas: Iterable[Delta]) -> bool:
    """Whether any call answered more than one trial of a side: in most sets none did."""
    sides = ([o for d in deltas for o in d.candidate.outcomes], [o for d in deltas for o in d.base.outcomes])
    known = ([o.response.call_id for o in side if o.response and o.response.call_id] for side in sides)
    return any(len(set(calls)) < len(calls) for calls in known)


def _calls(outcomes: Sequence[Outcome]) -> Calls:
    return {
        outcome.response.call_id: bool(outcome.passed)
        for outcome in outcomes
        if outcome.response is not None and outcome.response.call_id is not None
    }


def _groups(sides: Mapping[str, tuple[Calls, Calls, bool]]) -> list[tuple[str, ...]]:
    """Cases that share a call, directly or through others."""
    first: dict[Hashable, str] = {}
    parent = {name: name for name in sides}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for name, (mine, theirs, _) in sides.items():
        for key in (*((0, call) for call in mine), *((1, call) for call in theirs)):
            parent[root(name)] = root(first.setdefault(key, name))
    found: dict[str, list[str]] = defaultdict(list)
    for name in sides:
        found[root(name)].append(name)
    return [tuple(sorted(names)) for names in found.values() if len(names) > 1]


def _link(names: tuple[str, ...], sides: Mapping[str, tuple[Calls, Calls, bool]]) -> Link:
    members = [sides[name] for name in names]
    mine, theirs, _ = members[0]
    alike = all(
        one.keys() == mine.keys() and two.keys() == theirs.keys() and whole for one, two, whole in members
    )
    if not alike or not mine or not theirs:
        return Link(names)
    calls = tuple(tuple(one[call] for one, _, _ in members) for call in mine)
    base_calls = tuple(tuple(two[call] for _, two, _ in members) for call in theirs)
    return Link(names, Linked(calls, base_calls))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What cases say by themselves, and what groups of them say: no call speaks twice.

    `alone` are cases whose calls are theirs alone; of a group whose calls cannot change places only the first
    case. `together` are all groups, case by case, for bounds; `linked` those whose calls can change places.
    """

    alone: tuple[Counts, ...]
    linked: tuple[Linked, ...]
    single: tuple[Counts, ...]
    together: tuple[tuple[Counts, ...], ...]


def evidence_of(cases: Mapping[str, Counts], links: Iterable[Link]) -> Evidence:
    """The counts of these cases by what they share; links of cases that are not among them are passed over."""
    parts = [(link, [name for name in link.cases if name in cases]) for link in links]
    parts = [(link, names) for link, names in parts if len(names) > 1]
    shared = {name for _, names in parts for name in names}
    single = tuple(counts for name, counts in cases.items() if name not in shared)
    linked = [_restricted(link, names) for link, names in parts]
    first = [cases[names[0]] for (_, names), found in zip(parts, linked, strict=True) if found is None]
    return Evidence(
        alone=(*single, *first),
        linked=tuple(one for one in linked if one is not None),
        single=single,
        together=tuple(tuple(cases[name] for name in names) for _, names in parts),
    )


def speaking(cases: Mapping[str, T], links: Iterable[Link]) -> dict[str, T]:
    """These cases, of those that share calls only the first: each call speaks once."""
    silent = {name for link in links for name in [n for n in link.cases if n in cases][1:]}
    return {name: one for name, one in cases.items() if name not in silent}


def _restricted(link: Link, names: Sequence[str]) -> Linked | None:
    """The calls of a link as far as they concern these of its cases."""
    if link.linked is None:
        return None
    places = [link.cases.index(name) for name in names]
    sides = (link.linked.calls, link.linked.base_calls)
    mine, theirs = (tuple(tuple(call[n] for n in places) for call in side) for side in sides)
    return Linked(mine, theirs)
