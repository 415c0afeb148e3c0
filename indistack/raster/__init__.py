"""The tile engine: a piece of a sub, brought to the grid of the stack."""
