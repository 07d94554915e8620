"""Two revisions side by side: prompts, evalsets, requests, answers."""
