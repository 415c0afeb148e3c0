"""The way of one sub, top to bottom."""
