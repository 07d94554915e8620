"""Scorers: one file each, found by the names in `llmops_cli/plugins.py`.

A scorer is a frozen dataclass. Its fields are its YAML arguments and each has a docstring; the first line
of the class docstring is its description. `main` names the field that a bare scalar or list fills.
Some class variables are optional. `version` (1 where absent) is bumped when the scorer's judgement
changes. `files` names fields whose text is the path of a data file, read before the scorer is made.
`literal_value = True` says that the field `value` is no template (a pattern, a reference to a function).
`default_severity = "warn"` is for scorers whose word should not fail a case unless the evalset says so.
`recorded_stands` says whether a recorded score is as good as a new one: True unless the scorer summarises a
set from details that a baseline does not keep.

`value` may hold a template when the scorer is made, so its type is checked in `score` (ScoringError);
whatever else is wrong with the arguments is a ValueError at once.
"""
