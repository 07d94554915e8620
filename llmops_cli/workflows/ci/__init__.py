"""Pull requests: what the jobs of a workflow do, and the workflow files themselves."""
