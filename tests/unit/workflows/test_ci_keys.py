"""The secrets that a written workflow hands over."""

import os
from pathlib import Path

import pytest

from llmops_cli.workflows.ci.keys import VENDORS, Keys, needed_keys
from llmops_cli.workflows.project import open_project

SETTINGS = """\
model: fast
judge: {model: anthropic/claude-sonnet-4-5}
models:
  fast: {model: openai/gpt-4o-mini}
  own: {model: openai/qwen3, api_base: "http://localhost:8000/v1", api_key_env: VLLM_KEY}
  open: {model: openai/qwen3, api_base: "http://localhost:8000/v1"}
  unused: {model: groq/llama}
"""
PROMPT = "model: {model}\nmessages:\n  - {{role: user, content: hi}}\n"


def keys_of(folder: Path, *models: str, settings: str = SETTINGS) -> Keys:
    (folder / "prompts").mkdir()
    (folder / "llmops.yaml").write_text(settings, encoding="utf-8")
    for number, model in enumerate(models):
        (folder / f"prompts/p{number}.yaml").write_text(PROMPT.format(model=model), encoding="utf-8")
    return needed_keys(open_project(folder))


def test_only_what_the_models_in_use_ask_for(tmp_path: Path) -> None:
    found = keys_of(tmp_path, "own", "open", "offline/assistant", "gemini/gemini-2.5-flash")

    assert found == Keys(("ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OPENAI_API_KEY", "VLLM_KEY"))


def test_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    found = keys_of(tmp_path, "python:app:answer", "wonder/ful", settings="")

    assert found == Keys((), ("python:app:answer", "wonder/ful"))


def test_a_prompt_with_a_mistake_is_passed_over(tmp_path: Path) -> None:
    assert keys_of(tmp_path, "[", settings="model: openai/x\n") == Keys(("OPENAI_API_KEY",))


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_litellm_asks_for_these_keys_and_no_more(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from llmops_cli.providers.litellm_loading import load_litellm

    litellm = load_litellm()
    for name in [name for name in os.environ if name.endswith(("_API_KEY", "_API_BASE", "_API_VERSION"))]:
        monkeypatch.delenv(name)

    for name in VENDORS[vendor]:
        assert name in litellm.validate_environment(model=f"{vendor}/any")["missing_keys"]
        monkeypatch.setenv(name, "some-key")
    assert litellm.validate_environment(model=f"{vendor}/any")["missing_keys"] == []
