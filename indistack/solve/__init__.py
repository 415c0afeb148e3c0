"""Where the stack is on the sky: by a plate-solving program, if there is one."""

from indistack.settings import mount
from indistack.solve import astap, astrometry_net
from indistack.solve.background import SkyFinder
from indistack.solve.base import SOLVERS, FieldToSolve, Solution, SolveSettings, find_program

__all__ = [
    "SOLVERS",
    "FieldToSolve",
    "SkyFinder",
    "Solution",
    "SolveSettings",
    "astap",
    "astrometry_net",
    "find_program",
]

mount(SolveSettings, SOLVERS.tables())
