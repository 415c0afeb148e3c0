"""The page: the audience's phones, the observer's console, and the interface for programs."""
