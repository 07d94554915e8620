"""The comment on a pull request: what stands in it, in which order, below which length; and nothing in it acts."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.changes import Kind, PromptChange, SettingChange, TextChange
from llmops_cli.domain.comparison import (
    Comparison,
    Delta,
    DeltaKind,
    Fresh,
    Reason,
    Result,
    Side,
    Status,
    Totals,
    Verdict,
)
from llmops_cli.domain.evalset import Case, Evalset, GateSpec
from llmops_cli.domain.judge_figures import Calibrated, Estimate, JudgeFigures
from llmops_cli.domain.outcome import EvalsetRun, Outcome, Provenance, Run, Source, VariantInfo
from llmops_cli.domain.request import Response
from llmops_cli.domain.scoring import NamedScore, Score
from llmops_cli.domain.statistics import SetTest, Statistics
from llmops_cli.errors import SourceLocation
from llmops_cli.reporters.markdown import LIMIT, format_markdown
from llmops_cli.reporters.markdown_text import cell, fence, folded, prose, row, span
from tests.support.github_html import GITHUB_LINKS, render

HOME = "https://github.example/acme/shop"
COMMIT = "4f9c" * 10

HOSTILE = {
    "mention": "@octocat please look, @acme/owners too",
    "issue": "see #12, GH-7 and acme/shop#3",
    "closing word": "fixes #1\n\nCloses acme/shop#2",
    "commit": "4f9c2ab1 and 4f9c2ab14f9c2ab14f9c2ab14f9c2ab14f9c2ab1",
    "address": "http://evil.example www.evil.example a@evil.example ftp://evil.example",
    "link": "[click](http://evil.example) <http://evil.example> [x]: http://evil.example",
    "image": "![x](http://evil.example/x.png)<img src=http://evil.example/x.png>",
    "html": "<script>alert(1)</script><b>x</b></details><h1>y</h1><!-- z",
    "broken html": "</code></pre></summary></details><a href='http://evil.example'>",
    "entity": "&lt;b&gt; &#64;octocat &commat;octocat",
    "table": "a | b\n--- | ---\n1 | 2",
    "bars": "|||||\\|\\\\|`|`",
    "fence": "```\nout\n```",
    "long fence": "`" * 40 + "\nout\n" + "`" * 40,
    "tilde fence": "~~~\nout\n~~~",
    "heading": "# big\n\nbig\n===",
    "list": "- a\n1. b\n+ c\n* d",
    "quote": "> quoted\n> [!WARNING]",
    "rule": "---\n***\n___",
    "emphasis": "*a* **b** _c_ __d__ ~~e~~ ==f==",
    "emoji": ":tada: :+1:",
    "mathematics": "$x$ $$y$$ $`z`$",
    "footnote": "[^1]\n\n[^1]: note",
    "task": "- [x] done",
    "right to left": "\u202egnp.exe\u2066 \u200fx",
    "escape": "\x1b[31mred\x1b[0m \x00 \x07",
    "backslashes": "\\`\\*\\_\\@octocat \\",
    "carriage return": "a\r\n# b\rc",
    "other line ends": "a\u2028# b\u2029c\x85d\x0be\x0cf",
    "command": "::error file=x::y\n##[error]z",
    "marker": "<!-- llmops:llmops -->",
    "surrogate": "\ud800 \udfff",
}


def _outcome(case_id: str, text: str, *, passed: bool, explanation: str = "") -> Outcome:
    score = NamedScore(text or "label", "d", score=Score(float(passed), passed, explanation))
    return Outcome(case_id, "default", 1, "f", Source.CALLED, Response(text, cost=0.001), scores=(score,))


def _delta(case_id: str, kind: DeltaKind, text: str, *, accepted: bool = False) -> Delta:
    case = Case(case_id, SourceLocation("evalsets/e.yaml", 14), vars={"ticket": text})
    worse = kind is DeltaKind.REGRESSED
    base = _outcome(case_id, f"was {text}", passed=True)
    now = _outcome(case_id, text, passed=not worse, explanation=text)
    before, after = Side((base,), passed=True), Side((now,), passed=not worse)
    who = f"4f9c2ab {text}" if accepted else ""
    # an outage is told in the vendor's words
    fresh = Fresh("go on", 0, 3, p=0.1, planned=9, level=0.01, unasked=text) if worse else None
    return Delta(
        kind, case_id, "default", before, after, case, text, accepted=accepted, accepted_by=who, fresh=fresh
    )


def _result(
    text: str, deltas: list[Delta] | None = None, status: Status = Status.REGRESSION, *, lines: int = 1
) -> Result:
    """A result with every section, and `text` wherever somebody else's words can stand."""
    shown = [_delta(f"{text}-{kind.value}", kind, text) for kind in DeltaKind]
    shown.append(_delta(f"{text}-accepted", DeltaKind.REGRESSED, text, accepted=True))
    deltas = shown if deltas is None else deltas
    variant = VariantInfo(text, text, "p1:new", {"model": "m"})
    change = PromptChange(
        text, "p1:a", "p1:b", (TextChange(text, f"was {text}", "\n".join([text] * lines)),),
        (SettingChange(text, Kind.CHANGED, text, 1),), before_name=text,
    )  # fmt: skip
    test = SetTest("pass rate", "exact", 0.095, 0.18, 0.01, 0.02, worse=True)
    comparison = Comparison(
        text, SourceLocation(f"evalsets/{text}.yaml", 1), variant, GateSpec(), "the baseline", tuple(deltas),
        Totals(20, 20, 17, 20, 17, cost=0.002, tokens=120, latency_p95=1.2),
        Totals(20, 20, 19, 20, 19, cost=0.001, tokens=100, latency_p95=1.0),
        statistics=Statistics(20, (test,), 0.07), prompt_change=change,
    )  # fmt: skip
    evalset = Evalset(text, f"evalsets/{text}.yaml", SourceLocation("evalsets/e.yaml", 1), (text,), ())
    outcomes = tuple(outcome for delta in deltas for outcome in delta.candidate.outcomes)
    known = Calibrated(0.5, 9, text, "verdict", 4, 1, 3, 1, text)
    judge = JudgeFigures(
        text, text, text, "ab", "fail", "pass rate", 2, 2, 1, 2.0, 0.95, rate=Estimate(0.5, 0.1, 0.9)
    )
    judges = (replace(judge, calibration=known, why_uncorrected=text), replace(judge, why_uncalibrated=text))
    part = EvalsetRun(evalset, (variant,), (), outcomes, 1, judges=judges)
    provenance = Provenance(COMMIT, "main", folder="app", repository_url=HOME)
    run = Run("20261120-1", "2026-11-20T00:00:00+00:00", 1.5, provenance, (part,))
    reasons = (Reason(status, text), Reason(status, "second"))
    return Result(run, (comparison,), Verdict(status, reasons, (text,)))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_that_a_model_said_acts(text: str) -> None:
    """The page has the tags and links that harmless words would have given it, and no more text that could link."""
    page = render(format_markdown(_result(text)))
    harmless = render(format_markdown(_result("\n".join("word" for _ in text.splitlines()))))

    assert [link for link in page.links if not link.startswith(f"{HOME}/blob/{COMMIT}/")] == []
    assert not GITHUB_LINKS.search(page.text), GITHUB_LINKS.search(page.text)
    assert set(page.tags) <= set(harmless.tags) | {"p", "/p"}
    assert page.tags.count("h2") == page.tags.count("/details") - page.tags.count("details") + 1 == 1
    assert "comment" not in page.tags


@given(text=st.text(st.characters(), max_size=40) | st.text("`|\\<>[]()!@#*_~&\n\r-=+.: ax1", max_size=40))
def test_no_text_makes_markup(text: str) -> None:
    table = "\n".join((row("a", "b"), row("---", "---"), row(cell(text), "c")))
    document = f"{prose(text) or 'x'}\n\n- {prose(text)}\n- {span(text)}\n\n{table}"
    page = render(f"{document}\n\n{folded('title', fence(text, 'text'), name=text or 'x')}")
    plain = render(
        "x\n\n- x\n- `x`\n\n| a | b |\n| --- | --- |\n| `x` | c |\n\n"
        "<details><summary>title <code>x</code></summary>\n\n```text\nx\n```\n\n</details>"
    )

    assert page.tags == plain.tags
    assert not GITHUB_LINKS.search(page.text)


@pytest.mark.parametrize(
    "sentence",
    [
        "2 cases got worse (refund-angry, parcel), p = 0.02; it fell by 9.5 %.",
        "Der Kunde wartet: „ja“ oder nein?",
        "ग्राहक प्रतीक्षा कर रहा है",
        "客户等待",
    ],
)
def test_plain_words_of_any_language_stay_readable(sentence: str) -> None:
    assert render(prose(sentence)).text.replace("  ", " ").strip().startswith(sentence[:8].replace("„", ""))
    assert prose(sentence).count("`") <= 4


def test_a_pattern_can_be_copied_as_it_is() -> None:
    assert "`/^(yes|no)$/`," in prose("expected a match of /^(yes|no)$/, got 'maybe'")


def test_the_first_line_is_the_verdict_with_difference_and_interval() -> None:
    first = format_markdown(_result("word")).splitlines()[0]

    assert first == (
        "## ❌ REGRESSION: 1 case and the set as a whole got worse · "
        "pass rate −9.5 pts, at most 18.0 pts worse (95 %)"
    )


def test_the_order_is_what_a_reviewer_needs_first() -> None:
    text = format_markdown(_result("word"))
    order = [
        "REGRESSION",
        "- second",
        "| evalset |",
        "### What broke",
        "accepted by this branch",
        "flaky",
        "improved",
    ]
    order += [
        "new",
        "removed",
        "not compared",
        "What changed in the prompt",
        "would have seen",
        "On your machine",
        "<sub>",
    ]
    places = [text.index(piece) for piece in order]

    assert places == sorted(places)


def test_figures_of_both_sides_stand_in_the_table() -> None:
    assert "| `word · word` | 95% → 85% | $1.00 → $2.00 | 100 → 120 | 1.0 s → 1.2 s |" in format_markdown(
        _result("word")
    )


def test_a_case_shows_input_both_answers_and_why_and_links_to_its_line() -> None:
    text = format_markdown(_result("word"))

    assert f"[`evalsets/e.yaml:14`]({HOME}/blob/{COMMIT}/app/evalsets/e.yaml#L14)" in text
    assert "- `ticket`: `word`" in text
    assert "```diff\n-was word\n+word\n```" in text
    assert "- ✗ `word` word" in text


def test_an_accepted_case_says_who_accepted_it_and_shows_both_answers() -> None:
    text = format_markdown(_result("word"))
    accepted = text[text.index("**`word-accepted`**") :]

    assert "(accepted by `4f9c2ab` word)" in accepted.splitlines()[0]
    assert "```diff\n-was word\n+word\n```" in accepted


def test_a_dirty_worktree_has_no_links() -> None:
    result = _result("word")
    dirty = replace(result, run=replace(result.run, provenance=replace(result.run.provenance, dirty=True)))

    assert HOME not in format_markdown(dirty)


def test_an_empty_kind_has_no_section() -> None:
    text = format_markdown(_result("word", [], Status.PASS))

    assert "What broke" not in text
    assert "improved" not in text
    assert "On your machine" not in text


def test_unaffected_is_one_line() -> None:
    run = _result("word").run
    verdict = Verdict(Status.UNAFFECTED, (Reason(Status.UNAFFECTED, "nothing changed since main"),))
    text = format_markdown(Result(replace(run, evalsets=()), (), verdict))

    assert text.startswith("## ✅ UNAFFECTED: nothing changed since main\n")


@pytest.mark.parametrize("cases", [1, 30, 3000])
def test_it_keeps_below_githubs_limit_and_says_what_it_left_out(cases: int) -> None:
    words = random.Random(1).choices(["lorem", "ipsum", "`", "@x", "|", "\n"], k=200_000 // cases)
    deltas = [_delta(f"case-{n}", DeltaKind.REGRESSED, " ".join(words)) for n in range(cases)]
    text = format_markdown(_result("word", deltas))

    assert len(text) <= LIMIT
    assert text.startswith("## ❌ REGRESSION")
    assert "case-0" in text
    assert ("Left out for length: " in text) == (cases > 10)
    if cases > 10:
        assert "broken cases (" in text.splitlines()[-1]


def test_a_megabyte_of_backticks_takes_no_megabyte() -> None:
    text = format_markdown(_result("word", [_delta("one", DeltaKind.REGRESSED, "`" * 1_000_000)]))

    assert len(text) < 20_000
    assert render(text).tags.count("h3") == 2, "what broke, and the commands"


def test_the_least_important_goes_first() -> None:
    many = [_delta(f"case-{n}", DeltaKind.REGRESSED, "lorem ipsum " * 100) for n in range(40)]
    many += [_delta(f"better-{n}", DeltaKind.IMPROVED, "lorem ipsum " * 100) for n in range(40)]
    text = format_markdown(_result("word", many, lines=10_000))

    assert "the list of cases improved" in text.splitlines()[-1]
    assert "broken cases (" in text.splitlines()[-1]
    assert "What changed in the prompt" in text
    assert "### On your machine" in text
    assert "| evalset |" in text


def test_diffs_of_many_prompts_leave_room_for_what_broke() -> None:
    result = _result(
        "word", [_delta(f"case-{n}", DeltaKind.REGRESSED, "lorem ipsum " * 100) for n in range(40)]
    )
    (one,) = result.comparisons
    assert one.prompt_change is not None
    long = replace(one.prompt_change.texts[0], after="lorem ipsum\n" * 1000)
    changes = [replace(one.prompt_change, texts=(long,), digest_after=f"p1:{n}") for n in range(10)]
    text = format_markdown(replace(result, comparisons=tuple(replace(one, prompt_change=c) for c in changes)))

    assert text.count("What changed in the prompt") == 2, "as many as have room"
    assert text.count("(regressed)") >= 10
    assert "the diff of the prompt" in text.splitlines()[-1]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("dropped by 9 pts (95 %), p = 7.6e-06).", "dropped by 9 pts (95 %), p = 7.6e-06)."),
        ("cases (c0, c1 and 16 more)", "cases (c0, c1 and 16 more)"),
        ("by 536e9c1187 Ann Lee, 2026-11-20)", "by `536e9c1187` Ann Lee, 2026-11-20)"),
        ("one: `llmops accept`, then (`x` and y)", "one: `llmops accept`, then (`x` and y)"),
        ("`a`:tada: b", "`` `a`:tada: `` b"),
    ],
)
def test_our_own_sentences_stay_sentences(said: str, shown: str) -> None:
    assert prose(said) == shown


def test_what_is_accepted_is_said_in_the_first_line() -> None:
    result = _result("word", [_delta("one", DeltaKind.REGRESSED, "word", accepted=True)], Status.PASS)

    assert format_markdown(result).startswith("## ✅ PASS: 1 case got worse, and this branch accepts it · ")


def test_a_regression_without_a_broken_case_says_what_it_is() -> None:
    assert format_markdown(_result("word", [])).startswith(
        "## ❌ REGRESSION: the set as a whole got worse · "
    )
