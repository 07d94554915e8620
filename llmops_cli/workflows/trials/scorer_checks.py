"""What can be seen to be wrong with scorers before anything is asked: each mistake once, with its cases."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field

from llmops_cli.domain.evalset import Case, Evalset, ScorerSpec
from llmops_cli.domain.request import Response
from llmops_cli.domain.scoring import Answer, ScoringError
from llmops_cli.errors import Problems, RenderError
from llmops_cli.templating.filters import NoMatch
from llmops_cli.templating.values import references
from llmops_cli.workflows.trials.scoring import ScorerTemplates, template_of, with_value

_NAMED = 3
"""Cases whose places are said, where a mistake is not everywhere."""


@dataclass
class _Found:
    """One mistake of one scorer, and where it shows."""

    spec: ScorerSpec
    reason: str
    hint: str | None
    cases: list[Case] = field(default_factory=list)


def check_scorer_templates(
    evalset: Evalset, cases: Sequence[Case], templates: ScorerTemplates, problems: Problems
) -> None:
    """Note templates that are wrong, and values that a case cannot fill or fills with what is of no use.

    A mistake that lies in the scorer stands at the scorer's line, however many cases it has; one that shows in a
    single case, at that case's.
    """
    broken: set[int] = set()
    for spec in (*evalset.scorers, *(spec for case in cases for spec in case.scorers)):
        found = Problems()
        templates.check_syntax(spec, found)
        if found:
            broken.add(id(spec))  # it would be said again of every case
        for problem in found:
            problems.add(problem.message, problem.where, problem.hint)
    mistakes: dict[tuple[int, str], _Found] = {}
    for case in cases:
        for spec in evalset.scorers_of(case):
            wrong = None if id(spec) in broken else _mistake(spec, case, templates)
            if wrong is not None:
                reason, hint = wrong
                mistakes.setdefault((id(spec), reason), _Found(spec, reason, hint)).cases.append(case)
    own = {id(spec) for case in cases for spec in case.scorers}
    for mistake in mistakes.values():
        _note(mistake, 1 if id(mistake.spec) in own else len(cases), problems)


def _mistake(spec: ScorerSpec, case: Case, templates: ScorerTemplates) -> tuple[str, str | None] | None:
    """Why the scorer cannot judge this case, with a hint.

    An empty answer is judged for it: what a scorer says of that is thrown away, what it refuses is a mistake in
    the files.
    """
    try:
        template = template_of(spec)
        value = templates.static_value(spec, case)
        if template is None or (value is template and references(template)):
            return None
        scorer = with_value(spec, value)
        if not inspect.iscoroutinefunction(scorer.score):
            scorer.score(Answer("", Response(""), (), case.vars, case.expected, case.id))
    except RenderError as error:
        return error.problems[0].message, error.problems[0].hint
    except ScoringError as error:
        return str(error), None
    except NoMatch:
        return None
    return None


def _note(mistake: _Found, total: int, problems: Problems) -> None:
    spec, found = mistake.spec, mistake.cases
    everywhere = len(found) == total
    by_case = not everywhere or bool(references(template_of(spec)))
    if by_case and len(found) == 1:
        message = f"case {found[0].id!r}, scorer {spec.name!r}: {mistake.reason}"
        problems.add(message, found[0].where, mistake.hint)
        return
    said = f" (in all {total} cases" if everywhere and total > 1 else ""
    if by_case:
        said = said or f" (in {len(found)} of {total} cases"
        more = len(found) - _NAMED
        places = ", ".join(str(case.where) for case in found[:_NAMED]) + (
            f" and {more} more" if more > 0 else ""
        )
        said += f", the first at {found[0].where}" if everywhere else f": {places}"
    message = f"scorer {spec.name!r}: {mistake.reason}{said and said + ')'}"
    problems.add(message, spec.where, mistake.hint)
