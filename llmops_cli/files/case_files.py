"""Cases from YAML nodes, JSONL lines and CSV rows, one at a time: a large set is never held as text."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from llmops_cli.domain.evalset import Case, ScorerSpec
from llmops_cli.domain.tree import FileTree
from llmops_cli.errors import FileError, Problems, SourceLocation, did_you_mean
from llmops_cli.files.binding import read_scorers
from llmops_cli.files.case_lines import CaseLines
from llmops_cli.files.fields import Fields
from llmops_cli.files.references import beside
from llmops_cli.files.text import strict_json
from llmops_cli.files.yaml_source import Mapping, Node, Scalar, Sequence, plain

BASELINE_ENDING = ".baseline.jsonl"
CASE_ENDINGS = (".jsonl", ".csv")
"""Of the files that `cases_from` may name."""
MAX_TRIALS = 1000
_CSV_COLUMNS = ("id", "tags", "critical", "cluster", "context")
_VARS_OF_A_FIELD = tuple(f"vars.{name}" for name in _CSV_COLUMNS)
"""Variables that share a name with a field of the case: two columns, not one twice."""


@dataclass(frozen=True, slots=True)
class CaseDefaults:
    """What `defaults:` merges into each case; the case's own values win."""

    vars: dict[str, Any]
    expected: Any = None
    context: Any = None
    tags: tuple[str, ...] = ()
    critical: bool = False


class CaseReader:
    """Reads cases from any of the three forms; ids are unique over all of them."""

    def __init__(self, tree: FileTree, evalset_path: str, defaults: CaseDefaults, problems: Problems) -> None:
        self.tree = tree
        self.evalset_path = evalset_path
        self.defaults = defaults
        self.problems = problems
        self._seen: dict[str, SourceLocation] = {}
        self.tried = 0
        """How many cases there would be, were they all right."""

    def from_node(self, node: Node) -> Case | None:
        """One case written in YAML or JSON; None where it cannot be told what it gives to the prompt.

        With any other mistake it is there all the same, so that its further mistakes can be looked for.
        """
        self.tried += 1
        fields = Fields(node, self.problems, "a case")
        case_id = self._id(fields)
        before = len(self.problems)
        variables = fields.values("vars")
        is_told = isinstance(node, Mapping) and len(self.problems) == before
        scorers = read_scorers(fields.items("scorers"), self.tree, node.where.path, self.problems)
        case = self._case(
            case_id or "?",
            node.where,
            variables=variables,
            expected=self._plain(fields, "expected"),
            context=self._plain(fields, "context"),
            tags=fields.texts("tags"),
            critical=fields.boolean("critical", self.defaults.critical),
            trials=fields.integer("trials", 0, minimum=1, maximum=MAX_TRIALS) or None,
            cluster=self._name(fields, "cluster") or "",
            scorers=scorers,
        )
        fields.done()
        return case if is_told else None

    def from_files(self, patterns: tuple[str, ...], where: SourceLocation) -> Iterator[Case]:
        """The cases of every file that `cases_from` names."""
        for pattern in patterns:
            wanted = beside(self.evalset_path, pattern)
            if wanted.startswith("..") or pattern.startswith("/"):
                self.problems.add(f"{pattern!r} reaches outside the project", where)
                continue
            folder = wanted.rpartition("/")[0]
            paths = [path for path in self.tree.list(folder) if fnmatchcase(path, wanted)]
            paths = [path for path in paths if not path.endswith(BASELINE_ENDING)]
            if not paths:
                self.problems.add(f"{pattern!r} names no file", where, f"looked for {wanted}")
            for path in paths:
                yield from self._from_file(path, where)

    def _from_file(self, path: str, where: SourceLocation) -> Iterator[Case]:
        readers = {"jsonl": self._from_jsonl, "csv": self._from_csv}
        reader = readers.get(path.rpartition(".")[2].lower())
        if reader is None:
            self.problems.add(f"{path} is neither .jsonl nor .csv", where)
            return
        stream = self.tree.open(path)
        if stream is None:
            return
        yield from reader(CaseLines(stream, path, self.problems))

    def _from_jsonl(self, lines: CaseLines) -> Iterator[Case]:
        for where, line in lines.json_lines():
            try:
                value = strict_json(line.rstrip("\r\n"), where)
            except FileError as error:
                self.tried += 1
                cut = "" if line.endswith("\n") else " (the last line looks cut)"
                self.problems.add(error.problems[0].message + cut, error.problems[0].where)
                continue
            case = self.from_node(_to_node(value, where))
            if case is not None:
                yield case

    def _from_csv(self, lines: CaseLines) -> Iterator[Case]:
        columns: list[str] | None = None
        before = len(self.problems)
        for where, row in lines.rows():
            if columns is None:
                columns = [name.strip() for name in row]
                if not self._check_header(columns, where):
                    return
                continue
            if len(row) != len(columns):
                self.tried += 1
                self.problems.add(f"has {len(row)} fields, the header has {len(columns)}", where)
                continue
            yield self._from_row(dict(zip(columns, row, strict=True)), where)
        if columns is None and len(self.problems) == before:
            self._check_header([], SourceLocation(lines.path, 1))

    def _check_header(self, columns: list[str], where: SourceLocation) -> bool:
        if "id" not in columns:
            hint = did_you_mean("id", columns)
            self.problems.add("the CSV has no column 'id'", where, hint or "the first line names the columns")
            return False
        before = len(self.problems)
        for column in columns:
            kind, dot, _ = column.partition(".")
            if dot and kind not in ("vars", "expected"):
                known = [*_CSV_COLUMNS, "vars.NAME", "expected.NAME"]
                hint = did_you_mean(column, known) or "known: " + ", ".join(known)
                self.problems.add(f"unknown CSV column {column!r}", where, hint)
        named = [
            column.removeprefix("vars.") if column not in _VARS_OF_A_FIELD else column for column in columns
        ]
        for name in dict.fromkeys(named):
            if not name:
                self.problems.add("a column has no name", where)
            elif named.count(name) > 1:
                written = [column for column, same in zip(columns, named, strict=True) if same == name]
                both = f" ({' and '.join(dict.fromkeys(written))} are one)" if len(set(written)) > 1 else ""
                self.problems.add(f"the CSV column {name!r} is there twice{both}", where)
        return len(self.problems) == before

    def _from_row(self, row: dict[str, str], where: SourceLocation) -> Case:
        self.tried += 1
        case_id = row["id"].strip()
        self._claim(case_id, where)
        expected = {k.removeprefix("expected."): v for k, v in row.items() if k.startswith("expected.")}
        named = {k.removeprefix("vars."): v for k, v in row.items() if k.startswith("vars.")}
        bare = {k: v for k, v in row.items() if "." not in k and k not in _CSV_COLUMNS}
        critical = row.get("critical", "").strip().lower()
        if critical not in ("", "true", "false"):
            self.problems.add(f"critical must be true or false, not {critical!r}", where)
        return self._case(
            case_id,
            where,
            variables={**bare, **named},
            expected=expected or None,
            context=row.get("context") or None,
            tags=tuple(
                tag.strip() for tag in row.get("tags", "").replace(";", ",").split(",") if tag.strip()
            ),
            critical=critical == "true" or (self.defaults.critical and critical != "false"),
            cluster=row.get("cluster", "").strip(),
        )

    def _case(
        self,
        case_id: str,
        where: SourceLocation,
        *,
        variables: dict[str, Any],
        expected: Any,
        context: Any,
        tags: tuple[str, ...],
        critical: bool,
        trials: int | None = None,
        cluster: str = "",
        scorers: tuple[ScorerSpec, ...] = (),
    ) -> Case:
        defaults = self.defaults
        if isinstance(expected, dict) and isinstance(defaults.expected, dict):
            expected = {**defaults.expected, **expected}
        return Case(
            id=case_id,
            where=where,
            vars={**defaults.vars, **variables},
            expected=defaults.expected if expected is None else expected,
            context=defaults.context if context is None else context,
            tags=tuple(dict.fromkeys((*defaults.tags, *tags))),
            critical=critical,
            trials=trials,
            cluster=cluster,
            scorers=scorers,
        )

    def _id(self, fields: Fields) -> str | None:
        case_id = self._name(fields, "id", required=True)
        return case_id if case_id is not None and self._claim(case_id, fields.place("id")) else None

    @staticmethod
    def _name(fields: Fields, key: str, *, required: bool = False) -> str | None:
        """A name; `id: 17` is one all the same."""
        node = fields.node(key)
        if isinstance(node, Scalar) and isinstance(node.value, int) and not isinstance(node.value, bool):
            fields.mapping.entries[key] = Scalar(str(node.value), node.where, node.text_where)
        return fields.text(key, required=required)

    def _claim(self, case_id: str, where: SourceLocation) -> bool:
        if not case_id.strip() or any(ord(character) < 32 for character in case_id):
            self.problems.add("a case's id must be visible text", where)
            return False
        first = self._seen.setdefault(case_id, where)
        if first is not where:
            self.problems.add(f"duplicate id {case_id!r}", where, f"the first stands at {first}")
            return False
        return True

    @staticmethod
    def _plain(fields: Fields, key: str) -> Any:
        node = fields.node(key)
        return None if node is None else plain(node)


def _to_node(value: Any, where: SourceLocation) -> Node:
    """JSON as nodes that all stand at one line, so that YAML and JSONL cases have one reader."""
    if isinstance(value, dict):
        entries = {key: _to_node(item, where) for key, item in value.items()}
        return Mapping(entries, dict.fromkeys(entries, where), where)
    if isinstance(value, list):
        return Sequence([_to_node(item, where) for item in value], where)
    return Scalar(value, where, where)
