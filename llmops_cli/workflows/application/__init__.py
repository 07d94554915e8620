"""Prompts for applications: as one checked file, or from the project and its history."""
