"""llmops: git-native versioning and regression testing of prompts."""

__version__ = "0.1.0"
