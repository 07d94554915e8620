"""Sandboxed Jinja with strict variables and bounded work: prompts to messages, scorer values to values."""
