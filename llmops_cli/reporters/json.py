"""A result for machines: the run file's document, indented."""

import json

from llmops_cli.domain.comparison import Result
from llmops_cli.domain.run_json import result_to_dict


def format_json(result: Result) -> str:
    """The document of `domain/run_json.py`."""
    return json.dumps(result_to_dict(result), ensure_ascii=False, indent=2) + "\n"
