"""Stack methods."""

from indistack.settings import mount
from indistack.stack import arithmetic, classic, comet, extremes, mean, median, sigma_clip, trails
from indistack.stack.base import METHODS, Extent, MethodSettings, StackMethod, Tally
from indistack.stack.noise import measure_noise, noise_map
from indistack.stack.settings import AUTO, BranchSettings, Follow, StackSettings

__all__ = [
    "AUTO", "METHODS", "BranchSettings", "Extent", "Follow", "MethodSettings", "StackMethod", "StackSettings", "Tally",
    "arithmetic", "classic", "comet", "extremes", "mean", "measure_noise", "median", "noise_map", "sigma_clip",
    "trails",
]  # fmt: skip

for _model in (MethodSettings, BranchSettings, StackSettings):  # a subclass has taken over its base's fields before
    mount(_model, METHODS.tables())
