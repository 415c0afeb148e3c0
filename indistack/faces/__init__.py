"""What people meet the agent through; a face knows its output folder and its commands, and nothing else of it."""
