"""Stack methods."""

from indistack.stack import mean
from indistack.stack.base import METHODS, BranchSettings, Extent, MethodSettings, StackMethod, StackSettings, Tally

__all__ = [
    "METHODS", "BranchSettings", "Extent", "MethodSettings", "StackMethod", "StackSettings", "Tally", "mean",
]  # fmt: skip
