"""All that a session has on disk."""
