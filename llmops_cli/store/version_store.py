"""Prompt versions that were accepted on this machine before any commit held them.

The baseline names the version that answered by its digest. Until that version is committed, git cannot give
it back; this copy can, so that an edit at the desk is compared by the same rules as one in a pull request.
"""

import json
from pathlib import Path

from llmops_cli.domain.prompt import Prompt
from llmops_cli.domain.prompt_json import prompt_from_dict, prompt_to_dict
from llmops_cli.store.atomic import write_text
from llmops_cli.store.local_folder import FOLDER, local_folder

VERSIONS = "versions"


def keep_version(root: Path, prompt: Prompt) -> None:
    """Keep a version. Raises NoVerdictError where the disk does not take it."""
    text = json.dumps(prompt_to_dict(prompt), ensure_ascii=False)
    write_text(local_folder(root) / VERSIONS / _name(prompt.name, prompt.digest), text)


def kept_version(root: Path, name: str, digest: str) -> Prompt | None:
    """A kept version whose content still has its digest, or None."""
    path = root / FOLDER / VERSIONS / _name(name, digest)
    try:
        prompt = prompt_from_dict(json.loads(path.read_text(encoding="utf-8", errors="surrogatepass")))
    except (OSError, ValueError, KeyError, TypeError):  # absent or damaged: history has the say
        return None
    return prompt if prompt.digest == digest and prompt.name == name else None


def _name(name: str, digest: str) -> str:
    return f"{name.replace('/', '.')}-{digest.rpartition(':')[2][:32]}.json"
