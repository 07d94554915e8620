"""`json`: the answer is valid JSON, and fits a schema; the one importer of `jsonschema`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, ClassVar

from llmops_cli.domain.canonical import canonical_json
from llmops_cli.domain.scoring import Answer, Score, ScoringError, failed, passed
from llmops_cli.scorers.json_text import NotJsonError, subject_json
from llmops_cli.scorers.patterns import compiled, search
from llmops_cli.scorers.text import one_line, show, visible

_MOST_ERRORS = 5
# A fixed list: which others jsonschema checks depends on the packages that happen to be installed.
_FORMATS = ("date", "email", "ipv4", "ipv6", "regex", "uuid")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True, slots=True)
class JsonValid:
    """The whole answer is valid JSON and, where a schema is given, fits it.

    Strict: no text around it, no NaN or Infinity, no key twice. Schemas are JSON Schema 2020-12 unless
    `$schema` says otherwise; `$ref` reaches only into the schema itself. Of the formats, date, date-time,
    email, ipv4, ipv6, regex and uuid are checked.
    """

    main: ClassVar[str] = "schema"
    files: ClassVar[tuple[str, ...]] = ("schema",)

    schema: Any = None
    """The JSON Schema: a mapping, or the path of a file; `true` means that valid JSON is enough."""
    fenced: bool = False
    """Allow one Markdown fence around the JSON."""

    def __post_init__(self) -> None:
        if self.schema is None or self.schema is True:
            return
        if not isinstance(self.schema, Mapping):
            raise ValueError("'schema' must be a mapping (a JSON Schema), the path of one, or true")  # noqa: TRY004
        _validator(_schema_text(self.schema))

    def score(self, answer: Answer) -> Score:
        """Full score for valid JSON that fits. Raises ScoringError where the schema cannot be applied."""
        try:
            value = subject_json(answer, fenced=self.fenced)
        except NotJsonError as error:
            return failed(f"not JSON: {error}; got {show(answer.subject)}")
        if not isinstance(self.schema, Mapping):
            return passed("valid JSON")
        errors = list(islice(_errors(self.schema, value), _MOST_ERRORS + 1))
        if not errors:
            return passed("valid JSON that fits the schema")
        more = "; and more" if len(errors) > _MOST_ERRORS else ""
        return failed("; ".join(errors[:_MOST_ERRORS]) + more, errors=errors[:_MOST_ERRORS])


def _errors(schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    from referencing.exceptions import Unresolvable

    try:
        for error in _validator(_schema_text(schema)).iter_errors(value):
            yield f"{visible(error.json_path)}: {one_line(error.message, 120)}"
    except Unresolvable as error:
        raise ScoringError(f"the schema refers to {one_line(str(error.ref))}, which is not in it") from error
    except RecursionError as error:
        raise ScoringError("the schema refers to itself without end") from error


def _schema_text(schema: Mapping[str, Any]) -> str:
    try:
        return canonical_json(schema)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"'schema' is no JSON value: {error}") from error


@lru_cache(maxsize=128)
def _validator(schema_text: str) -> Any:
    """The compiled schema. Raises ValueError that names the place of a mistake in it."""
    import json

    from jsonschema import Draft202012Validator, validators
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for
    from referencing import Registry

    schema = json.loads(schema_text)
    dialect = schema.get("$schema", Draft202012Validator.META_SCHEMA["$schema"])
    unknown: Any = None
    base = validator_for({"$schema": dialect}, default=unknown) if isinstance(dialect, str) else unknown
    if base is None:
        raise ValueError(f"'schema' names an unknown dialect: {show(dialect)}")
    try:
        base.check_schema(schema)
    except SchemaError as error:
        place = error.json_path.replace("$", "schema", 1)
        raise ValueError(f"bad schema at {place}: {one_line(error.message)}") from error
    _check_references(schema)
    # an empty registry: a reference to the network or to a file is an error, never a request
    extend: Any = validators.extend
    return extend(base, {"pattern": _pattern})(schema, registry=Registry(), format_checker=_formats())


def _check_references(schema: Mapping[str, Any]) -> None:
    """Raises ValueError for the first `$ref` that leads nowhere; what only looks like one, in `const`, is data."""
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # it has no stubs
    from referencing import Resource
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    # beside the schema itself the published dialects are known, as they are where it is applied
    root = Resource.from_contents(schema, default_specification=DRAFT202012)
    waiting = [(root, REGISTRY.resolver_with_root(root))]
    while waiting:
        resource, resolver = waiting.pop()
        contents = resource.contents
        for keyword in ("$ref", "$dynamicRef") if isinstance(contents, Mapping) else ():
            if isinstance(contents.get(keyword), str):
                try:
                    resolver.lookup(contents[keyword])
                except Unresolvable as error:
                    reference = one_line(contents[keyword], 80)
                    raise ValueError(f"the schema refers to {reference}, which is not in it") from error
        waiting += [(inner, resolver.in_subresource(inner)) for inner in resource.subresources()]


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[Any]:
    """`pattern` with a time limit: what it searches is a model's output."""
    from jsonschema import ValidationError

    if isinstance(value, str) and search(compiled(pattern), value) is None:
        yield ValidationError(f"{show(value)} does not match /{pattern}/")


def _formats() -> Any:
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=_FORMATS)
    checker.checks("date-time", raises=ValueError)(_is_date_time)
    return checker


def _is_date_time(value: object) -> bool:
    """RFC 3339, section 5.6; other types than text are no matter of the format."""
    if not isinstance(value, str):
        return True
    return _DATE_TIME.fullmatch(value.upper()) is not None and bool(datetime.fromisoformat(value.upper()))
