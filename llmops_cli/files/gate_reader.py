"""`gate:` of an evalset or of the settings, to a GateSpec."""

from collections.abc import Sequence as Names

from llmops_cli.domain.evalset import GateSpec
from llmops_cli.errors import Problems, did_you_mean
from llmops_cli.files.fields import Fields
from llmops_cli.files.yaml_source import Mapping, Node, Scalar, Sequence

MOST_TO_PROVE = 0.5
"""To prove that no more than half of the answers got worse is to prove nothing."""


def read_gate(
    fields: Fields, problems: Problems, defaults: GateSpec, scorers: Names[str] | None = None
) -> GateSpec:
    """What `gate:` leaves out comes from `defaults`, the project's settings.

    `scorers` are the names that `metrics:` may hold; None for the settings, which may not have it.
    """
    node = fields.node("gate")
    if node is None:
        return defaults
    gate = Fields(node, problems, "`gate:`")

    def either(own: float | None, default: float | None) -> float | None:
        return default if own is None else own

    min_effect = either(gate.share("min_effect"), defaults.min_effect) or 0.0
    read = GateSpec(
        min_pass_rate=either(gate.share("min_pass_rate"), defaults.min_pass_rate),
        min_mean_score=either(gate.share("min_mean_score"), defaults.min_mean_score),
        max_cost=either(gate.number("max_cost"), defaults.max_cost),
        max_cost_increase=either(gate.share("max_cost_increase", maximum=None), defaults.max_cost_increase),
        max_tokens_increase=either(
            gate.share("max_tokens_increase", maximum=None), defaults.max_tokens_increase
        ),
        max_latency_p95=either(gate.seconds("max_latency_p95"), defaults.max_latency_p95),
        max_latency_increase=either(
            gate.share("max_latency_increase", maximum=None), defaults.max_latency_increase
        ),
        require_baseline=gate.boolean("require_baseline", defaults.require_baseline),
        min_effect=min_effect,
        generalise=gate.boolean("generalise", defaults.generalise),
        metrics=_metrics(gate, problems, min_effect, scorers),
        prove=either(_prove(gate, problems), defaults.prove),
    )
    gate.done()
    return read


def _prove(gate: Fields, problems: Problems) -> float | None:
    share = gate.share("prove", maximum=MOST_TO_PROVE)
    if share != 0:
        return share
    hint = "no number of trials shows that nothing at all changed; write 5%"
    problems.add("'prove' must be above 0", gate.place("prove"), hint)
    return None


def _metrics(
    gate: Fields, problems: Problems, min_effect: float, scorers: Names[str] | None
) -> dict[str, float]:
    """Scorer name to the smallest drop of its mean score that counts."""
    node = gate.node("metrics")
    if node is None:
        return {}
    if scorers is None:
        hint = "scorers differ from set to set"
        problems.add("'metrics' belongs into an evalset's `gate:`", gate.place("metrics"), hint)
        return {}
    found: dict[str, float] = {}
    for item in node.items if isinstance(node, Sequence) else [node]:
        name, effect = _metric(item, problems)
        if name is None:
            continue
        if name not in scorers:
            problems.add(f"no scorer is called {name!r}", item.where, did_you_mean(name, scorers))
        elif name in found:
            problems.add(f"metric {name!r} is there twice", item.where)
        else:
            found[name] = min_effect if effect is None else effect
    return found


def _metric(item: Node, problems: Problems) -> tuple[str | None, float | None]:
    if isinstance(item, Scalar) and isinstance(item.value, str):
        return item.value, None
    if not isinstance(item, Mapping):
        hint = "write it as `metrics: [quality]`, or `{name: quality, min_effect: 5%}`"
        problems.add("a metric is the name of a scorer", item.where, hint)
        return None, None
    fields = Fields(item, problems, "a metric of `gate:`")
    name, effect = fields.text("name", required=True), fields.share("min_effect")
    fields.done()
    return name, effect
