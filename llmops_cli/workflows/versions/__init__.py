"""Prompts in history: versions by digest, `NAME[@REV]`, labels."""
