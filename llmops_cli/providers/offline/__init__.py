"""`offline/assistant`: a small deterministic stand-in for a model. It is NOT a language model.

It lets a new project, the tests and a demonstration run without a key and without a network. It reads plain
instructions from the rendered messages and follows them to the letter: an answer form with bracketed slots,
JSON with named keys, a closed list of labels, limits of words and sentences, rules such as "escalate when
the ticket mentions …", a subject to keep to with a sentence for everything else, passages to cite, grades to
give. It understands nothing: it compares words. It knows no fact and no case of any golden set; what it
answers follows from the messages alone. So it shows what *this tool* does when a prompt loses an instruction
(the answers change, the golden set fails). It says nothing about what a real model would answer, and a
prompt that passes here is not yet a good prompt.

`params.noise` (0..1) makes it waver: with that probability a trial's answer is disturbed, seeded by the
request's fingerprint and the trial's number, so that the same run gives the same answers again while its
trials differ.
"""

from llmops_cli.providers.offline.provider import OfflineProvider

__all__ = ["OfflineProvider"]
