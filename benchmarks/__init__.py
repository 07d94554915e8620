"""Speed and memory of llmops as programs that print tables; see README.md."""
