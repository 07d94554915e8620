"""An evalset's YAML file, with the files of cases it names, to an Evalset."""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import replace

from llmops_cli.domain.evalset import EVALSETS_DIR, Case, Evalset, GateSpec, PassRule
from llmops_cli.domain.tree import FileTree
from llmops_cli.errors import FileError, Problems, SourceLocation
from llmops_cli.files.binding import check_unique_names, read_scorers
from llmops_cli.files.case_files import MAX_TRIALS, CaseDefaults, CaseReader
from llmops_cli.files.fields import Fields
from llmops_cli.files.gate_reader import read_gate
from llmops_cli.files.references import named_files
from llmops_cli.files.text import read_text
from llmops_cli.files.yaml_source import Mapping, Node, Scalar, parse_yaml, plain
from llmops_cli.files.yaml_source import Sequence as SequenceNode

_PASS = re.compile(r"\s*([0-9]+)\s*/\s*([0-9]+)\s*")
_ENDINGS = (".yaml", ".yml")


def evalset_paths(tree: FileTree) -> dict[str, str]:
    """Every evalset's name and path, sorted by name. Raises FileError where two files would have one name."""
    paths = [path for path in tree.list(EVALSETS_DIR) if path.endswith(_ENDINGS)]
    return named_files(paths, evalset_name, "evalset")


def evalset_name(path: str) -> str:
    """`evalsets/support/escalation.yaml` is called "support/escalation"."""
    return posixpath.splitext(path.removeprefix(f"{EVALSETS_DIR}/"))[0]


def read_evalset(tree: FileTree, path: str, gate: GateSpec | None = None) -> Evalset:
    """An evalset with all its cases; `gate` holds the project's defaults.

    Raises FileError with every mistake of all its files.
    """
    text = read_text(tree, path)
    if text is None:
        raise FileError("there is no such evalset file", where=SourceLocation(path))
    problems = Problems()
    fields = Fields(parse_yaml(text, path), problems, "an evalset")
    written = fields.items("scorers")
    scorers = read_scorers(written, tree, path, problems)
    check_unique_names(scorers, problems)
    before = len(problems)
    reader = CaseReader(tree, path, _defaults(fields, problems), problems)
    defaults_are_right = len(problems) == before
    cases, are_told = _cases(fields, reader)
    before = len(problems)
    trials = fields.integer("trials", 1, minimum=1, maximum=MAX_TRIALS)
    max_trials = fields.integer("max_trials", 30, minimum=1, maximum=MAX_TRIALS)
    if len(problems) == before:
        _check_trials(trials, max_trials, cases, fields.place("max_trials"), problems)
    evalset = Evalset(
        name=evalset_name(path),
        path=path,
        where=SourceLocation(path, 1),
        description=fields.text("description") or "",
        prompts=_prompts(fields, problems),
        models=fields.texts("models"),
        cases=tuple(cases),
        scorers=scorers,
        trials=trials,
        max_trials=max_trials,
        pass_rule=_pass_rule(fields, problems),
        places=_places(fields),
        gate=read_gate(fields, problems, gate or GateSpec(), _metrics_of(written, cases)),
    )
    fields.done()
    if are_told and not reader.tried:
        hint = "an empty set cannot fail, so it may not pass"
        problems.add("the evalset has no cases", evalset.where, hint)
    _check_cases(evalset, problems, has_scorers=bool(written))
    # with wrong defaults, what is missing in a case may stand there
    problems.raise_if_any(evalset if defaults_are_right else replace(evalset, cases=()))
    return evalset


def _prompts(fields: Fields, problems: Problems) -> tuple[str, ...]:
    one, several = fields.text("prompt"), fields.texts("prompts")
    if (one is None) == (not several):
        both = ", not both" if one else ""
        problems.add(f"an evalset has either `prompt:` or `prompts:`{both}", fields.where)
    for name in several:
        if several.count(name) > 1:
            problems.add(f"{name!r} is there twice", fields.place("prompts"))
    return (one,) if one is not None else several


def _places(fields: Fields) -> dict[str, SourceLocation]:
    """Where prompts and models are named: whether there are any such, others know."""
    found: dict[str, SourceLocation] = {}
    for kind, key in (("prompt", "prompt"), ("prompt", "prompts"), ("model", "models")):
        node = fields.node(key)
        for item in node.items if isinstance(node, SequenceNode) else [node]:
            if isinstance(item, Scalar):
                found.setdefault(f"{kind} {item.value}", item.where)
    return found


def _pass_rule(fields: Fields, problems: Problems) -> PassRule:
    text = fields.text("pass")
    if text is None:
        return PassRule()
    match = _PASS.fullmatch(text)
    if match is None or not 0 < int(match[1]) <= int(match[2]):
        hint = "write it as 2/3: so many trials of so many must pass"
        problems.add(f"'pass' cannot be {text!r}", fields.place("pass"), hint)
        return PassRule()
    return PassRule((int(match[1]), int(match[2])))


def _defaults(fields: Fields, problems: Problems) -> CaseDefaults:
    node = fields.node("defaults")
    if node is None:
        return CaseDefaults({})
    defaults = Fields(node, problems, "`defaults:`")
    expected, context = defaults.node("expected"), defaults.node("context")
    read = CaseDefaults(
        vars=defaults.values("vars"),
        expected=None if expected is None else plain(expected),
        context=None if context is None else plain(context),
        tags=defaults.texts("tags"),
        critical=defaults.boolean("critical"),
    )
    defaults.done()
    return read


def _cases(fields: Fields, reader: CaseReader) -> tuple[list[Case], bool]:
    """The cases, and whether the set says where they are."""
    before = len(reader.problems)
    nodes, patterns = fields.items("cases"), fields.texts("cases_from")
    are_told = len(reader.problems) == before
    cases = [case for node in nodes if (case := reader.from_node(node)) is not None]
    before = len(reader.problems)
    cases += reader.from_files(patterns, fields.place("cases_from"))
    # files that are not there, or cannot be read at all, would have held some
    return cases, are_told and (reader.tried > 0 or len(reader.problems) == before)


def _metrics_of(written: Sequence[Node], cases: Sequence[Case]) -> list[str]:
    """The names that scores of this set can have, also of scorers that hold a mistake."""
    names: list[str] = []
    for node in written:
        for kind, body in node.entries.items() if isinstance(node, Mapping) else ():
            name = body.entries.get("name") if isinstance(body, Mapping) else None
            own = name.value if isinstance(name, Scalar) else None
            names.append(own if isinstance(own, str) else kind)
    names += [spec.name for case in cases for spec in case.scorers]
    return list(dict.fromkeys(names))


def _check_trials(
    trials: int, max_trials: int, cases: Sequence[Case], where: SourceLocation, problems: Problems
) -> None:
    """A record that cannot hold one run's answers would lose some of them at every `accept`."""
    wanted = max([trials, *(case.trials or 0 for case in cases)])
    if max_trials < wanted:
        message = f"'max_trials' is {max_trials}, and a run asks {wanted} times"
        problems.add(message, where, "make it as large as `trials` at least")


def _check_cases(evalset: Evalset, problems: Problems, *, has_scorers: bool) -> None:
    """`has_scorers` counts those with a mistake, too: one wrong name is not a mistake of every case."""
    for case in evalset.cases:
        if not has_scorers and not case.scorers:
            problems.add(
                f"case {case.id!r} has no scorer", case.where, "add `scorers:` to the set or to the case"
            )
        elif case.scorers:
            check_unique_names(evalset.scorers_of(case), problems)
