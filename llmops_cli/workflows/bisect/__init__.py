"""The search for the version that broke it, among those of a prompt, on the cases of today."""
