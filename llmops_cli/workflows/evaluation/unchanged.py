"""`eval --unchanged`: only evalsets whose prompts stand as they were accepted, so that what got worse is the model.

A prompt that was changed and not accepted yet answers otherwise because it is another prompt: asked at night, its
answers would be taken for a drift of the model.
"""

from collections.abc import Callable

from llmops_cli.domain.baseline import Baseline, BaselineLine
from llmops_cli.domain.canonical import digest_of
from llmops_cli.domain.prompt import short_digest
from llmops_cli.workflows.trials.planning import EvalsetPlan, VariantPlan
from llmops_cli.workflows.trials.preparing import Prepared

NOTHING_ACCEPTED = "no evalset's prompts stand as they were accepted: there is nothing to ask again"


def keep_unchanged(prepared: Prepared, tell: Callable[[str], None]) -> list[str]:
    """The names of the evalsets that stand as accepted; `tell` hears of each why it is run or left out."""
    kept: list[str] = []
    for plan in prepared.plans:
        name = plan.evalset.name
        why = unaccepted(plan, prepared.baselines.get(name))
        tell(f"left out {name}: {why}" if why else f"run {name}: its prompts stand as accepted")
        if why is None:
            kept.append(name)
    return kept


def unaccepted(plan: EvalsetPlan, baseline: Baseline | None) -> str | None:
    """What of an evalset does not stand as accepted; None where every variant does."""
    if baseline is None:
        return "nothing is accepted yet"
    several = len(plan.variants) > 1
    for variant in plan.variants:
        lines = [
            line for case in plan.cases for line in baseline.lines.get((case.id, variant.variant.name), ())
        ]
        why = _differs(variant, lines)
        if why is not None:
            return f"{why} (variant {variant.variant.name})" if several else why
    return None


def _differs(variant: VariantPlan, lines: list[BaselineLine]) -> str | None:
    if not lines:
        return "nothing is accepted yet"
    prompt = variant.prompt
    others = [line for line in lines if (line.prompt_name, line.prompt) != (prompt.name, prompt.digest)]
    if others:
        accepted = short_digest(others[0].prompt)
        return f"the prompt {prompt.name} is not the accepted version ({accepted} → {short_digest(prompt.digest)})"
    asked = digest_of(variant.info(deterministic=False).settings)
    if any(digest_of(line.settings) != asked for line in lines):
        return (
            f"the prompt {prompt.name} is asked with another model or other settings than the accepted ones"
        )
    return None
