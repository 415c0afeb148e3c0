"""Is this still the same field, and how does a target move over it?"""
