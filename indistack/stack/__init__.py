"""Stack methods."""

from indistack.stack import mean
from indistack.stack.base import METHODS, StackMethod, StackSettings

__all__ = ["METHODS", "StackMethod", "StackSettings", "mean"]
