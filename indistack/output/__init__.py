"""From a session to the sinks, for every picture and for every sink."""
