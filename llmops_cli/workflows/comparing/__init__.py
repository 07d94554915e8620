"""The other side of a run: a baseline here or at a revision, the base asked anew, and what they show together."""
