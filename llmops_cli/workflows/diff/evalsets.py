"""Golden sets of two sides: cases, expectations, scorers and rules, so that a new ruler shows as one."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from llmops_cli.domain.changes import Kind, SettingChange, setting_changes
from llmops_cli.domain.diff import CaseEdit, EvalsetDiff, PromptDiff
from llmops_cli.domain.evalset import Case, Evalset, ScorerSpec
from llmops_cli.domain.prompt import PROMPTS_DIR, short_digest
from llmops_cli.errors import UserError
from llmops_cli.files.case_files import BASELINE_ENDING
from llmops_cli.files.evalset_file import read_evalset
from llmops_cli.workflows.diff.sides import Side

SIMILAR = 0.6
"""Share of case ids two sets must have in common to be taken for one that was renamed."""
_DATA = (".jsonl", ".csv", ".json", ".yaml", ".yml")


@dataclass(frozen=True)
class _Read:
    """An evalset on one side; without one, why."""

    name: str
    evalset: Evalset | None
    error: str | None = None


def compare_evalsets(
    before: Side, after: Side, changed: frozenset[str], prompts: Sequence[PromptDiff]
) -> list[EvalsetDiff]:
    """Every golden set that measures otherwise on one side than on the other, by name."""
    judges = {p.name: p for p in prompts if p.digest_before and p.digest_after and p.kind is Kind.CHANGED}
    modules = [posixpath.basename(path).removesuffix(".py") for path in changed if path.endswith(".py")]
    touched = sorted(_touched(before, changed) | _touched(after, changed, tuple(judges), modules))
    both = [(_read(before, name), _read(after, name)) for name in touched]
    found: list[EvalsetDiff] = []
    for old, new in _paired(both):
        difference = _compare(old, new)
        rulers = _rulers(new, judges, changed)
        if rulers and difference is None and new is not None and new.evalset is not None:
            count = len(new.evalset.cases)
            difference = EvalsetDiff(new.name, Kind.CHANGED, cases_before=count, cases_after=count)
        if difference is not None:
            found.append(replace(difference, scorers=(*difference.scorers, *rulers)))
    return sorted(found, key=lambda difference: difference.name)


def _touched(
    side: Side, changed: frozenset[str], judges: Sequence[str] = (), modules: Sequence[str] = ()
) -> set[str]:
    """Evalsets that may differ: their own file changed, or one they may read, or what they judge with."""
    paths = side.evalset_paths
    found = {name for name, path in paths.items() if path in changed}
    others = [path for path in changed if path.endswith(_DATA) and not path.endswith(BASELINE_ENDING)]
    others = [path for path in others if path not in paths.values()]
    files = [path for path in others if not path.startswith(f"{PROMPTS_DIR}/") or path.endswith(".json")]
    # beside each kind of word, what brings it into play; `cases_from` may be a pattern, with no name in it
    words = {b"": [posixpath.basename(path) for path in files]}
    words |= {b"judge": list(judges), b"python": list(modules)}
    words[b"cases_from"] = [""] if any(path.endswith((".jsonl", ".csv")) for path in files) else []
    wanted = {key: [word.encode() for word in given] for key, given in words.items() if given}
    for name, path in paths.items() if wanted else ():
        text = side.raw(path)
        if any(key in text and any(word in text for word in given) for key, given in wanted.items()):
            found.add(name)
    return found


def _read(side: Side, name: str) -> _Read | None:
    path = side.evalset_paths.get(name)
    if path is None:
        return None
    try:
        return _Read(name, read_evalset(side.tree, path))
    except UserError as error:
        return _Read(name, None, str(error.problems[0]))


def _paired(both: Sequence[tuple[_Read | None, _Read | None]]) -> Iterator[tuple[_Read | None, _Read | None]]:
    """Sides by name; a set that went and one that came with mostly the same cases are one."""
    gone = [old for old, new in both if old is not None and new is None]
    for old, new in both:
        if old is not None and new is not None:
            yield old, new
        elif new is not None:
            partner = max(gone, key=lambda one: _alike(one, new), default=None)
            if partner is not None and _alike(partner, new) >= SIMILAR:
                gone.remove(partner)
                yield partner, new
            else:
                yield None, new
    yield from ((old, None) for old in gone)


def _alike(one: _Read, other: _Read) -> float:
    if one.evalset is None or other.evalset is None:
        return 0.0
    old, new = ({case.id for case in side.evalset.cases} for side in (one, other) if side.evalset)
    return len(old & new) / max(len(old), len(new))


def _compare(old: _Read | None, new: _Read | None) -> EvalsetDiff | None:
    if old is None or new is None:
        return _one_sided(old, new)
    renamed = old.name if old.name != new.name else None
    if old.evalset is None or new.evalset is None:
        if old.error == new.error and renamed is None:
            return None
        return EvalsetDiff(new.name, Kind.CHANGED, renamed, error_before=old.error, error_after=new.error)
    return compare_valid(old.evalset, new.evalset, renamed)


def _one_sided(old: _Read | None, new: _Read | None) -> EvalsetDiff:
    side = old or new
    assert side is not None
    count = len(side.evalset.cases) if side.evalset else 0
    return EvalsetDiff(
        name=side.name,
        kind=Kind.ADDED if old is None else Kind.REMOVED,
        cases_before=0 if old is None else count,
        cases_after=count if old is None else 0,
        error_before=old.error if old else None,
        error_after=new.error if new else None,
    )


def compare_valid(old: Evalset, new: Evalset, renamed: str | None) -> EvalsetDiff | None:
    """What two golden sets differ in, or None; `renamed` is the old one's name where it was another."""
    before, after = ({case.id: case for case in side.cases} for side in (old, new))
    common = [(before[case_id], case) for case_id, case in after.items() if case_id in before]
    found = EvalsetDiff(
        name=new.name,
        kind=Kind.CHANGED,
        before_name=renamed,
        cases_before=len(before),
        cases_after=len(after),
        added=tuple(case_id for case_id in after if case_id not in before),
        removed=tuple(case_id for case_id in before if case_id not in after),
        edited=tuple(_edits(common, _given)),
        expectations=tuple(_edits(common, _wanted)),
        scorers=(
            *setting_changes(_scorers(old.scorers), _scorers(new.scorers)),
            *setting_changes(_own_scorers(common, 0), _own_scorers(common, 1)),
        ),
        rules=setting_changes(_rules(old), _rules(new)),
    )
    if found == EvalsetDiff(new.name, Kind.CHANGED, renamed, found.cases_before, found.cases_after):
        return replace(found, kind=Kind.MOVED) if renamed else None
    return found


def _edits(common: Iterable[tuple[Case, Case]], part: Any) -> Iterator[CaseEdit]:
    for old, new in common:
        changes = setting_changes(part(old), part(new))
        if changes:
            yield CaseEdit(new.id, new.where, changes)


def _given(case: Case) -> dict[str, Any]:
    """What a case asks: its variables, and its tags."""
    return {**case.vars, **({"tags": list(case.tags)} if case.tags else {})}


def _wanted(case: Case) -> dict[str, Any]:
    """What a case expects of the answer."""
    found = {
        "expected": case.expected, "context": case.context, "critical": case.critical or None,
        "trials": case.trials, "cluster": case.cluster or None,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def _scorers(specs: Sequence[ScorerSpec]) -> dict[str, Any]:
    """Scorers by name; one that is added or taken out is shown whole, others value by value."""
    return {spec.name: _scorer(spec) for spec in specs}


def _scorer(spec: ScorerSpec) -> dict[str, Any]:
    found: dict[str, Any] = {"type": spec.type, **spec.arguments}
    usual = {"of": None, "negate": False, "weight": 1.0, "severity": "fail"}
    return found | {
        ("not" if name == "negate" else name): getattr(spec, name)
        for name, default in usual.items()
        if getattr(spec, name) != default
    }


def _own_scorers(common: Iterable[tuple[Case, Case]], place: int) -> dict[str, Any]:
    found = {pair[1].id: pair[place].scorers for pair in common}
    return {f"case {case_id}": _scorers(specs) for case_id, specs in found.items()}


def _rules(evalset: Evalset) -> dict[str, Any]:
    share = evalset.pass_rule.share
    found: dict[str, Any] = {
        "prompts": list(evalset.prompts),
        "models": list(evalset.models) or None,
        "trials": evalset.trials,
        "pass": f"{share[0]}/{share[1]}" if share else None,
        **{f"gate.{name}": value for name, value in asdict(evalset.gate).items() if value is not False},
    }
    return {name: value for name, value in found.items() if value is not None}


def _rulers(
    read: _Read | None, judges: Mapping[str, PromptDiff], changed: frozenset[str]
) -> Iterable[SettingChange]:
    """Scorers whose arguments stayed and which judge otherwise all the same: their prompt or code changed."""
    evalset = read.evalset if read else None
    found: dict[str, SettingChange] = {}
    for spec in (*evalset.scorers, *(s for case in evalset.cases for s in case.scorers)) if evalset else ():
        judge = judges.get(str(spec.arguments.get("prompt"))) if spec.type == "judge" else None
        if judge is not None:
            name = f"{spec.name}: judge prompt {judge.name}"
            old, new = short_digest(judge.digest_before or ""), short_digest(judge.digest_after or "")
            found[name] = SettingChange(name, Kind.CHANGED, old, new)
        if spec.type == "python":
            path = str(spec.arguments.get("value")).partition(":")[0].replace(".", "/") + ".py"
            if path in changed:
                name = f"{spec.name}: code in {path}"
                found[name] = SettingChange(name, Kind.CHANGED, "before", "edited")
    return tuple(found.values())
