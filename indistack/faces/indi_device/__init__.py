"""The stack as a device of an INDI server, so that every INDI client shows it and turns its knobs."""
