"""The stack as sinks and operators see it."""
