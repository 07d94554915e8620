"""A small application: it answers tickets with the prompt that is in production.

It is told where its prompts are by LLMOPS_BUNDLE, and knows neither git nor the project they come from.
"""

import json
import sys

from llmops_cli import UserError, load


def messages_for(ticket: str) -> dict[str, object]:
    """What would be sent for a ticket, and which version of the prompt it is."""
    prompt = load("support/escalation@:production")
    return {
        "messages": prompt.render(ticket=ticket),
        "model": prompt.model,
        "prompt": prompt.version.as_dict(),
    }


def main() -> int:
    """Print it as JSON for the ticket on the command line."""
    try:
        found = messages_for(sys.argv[1])
    except UserError as error:
        sys.stderr.write(f"the prompt cannot be used: {error}\n")
        return 1
    unwanted = [name for name in ("git", "yaml", "ruamel", "litellm", "typer", "rich") if name in sys.modules]
    sys.stdout.write(json.dumps({**found, "imported": unwanted}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
