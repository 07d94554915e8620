"""`eval`, from its options to the verdict; what it takes in, and `accept` afterwards."""
