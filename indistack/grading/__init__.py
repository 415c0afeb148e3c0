"""Is this sub good?"""
