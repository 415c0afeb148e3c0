"""What is remembered between the subs of one stack."""
