"""What other programs may call; the command line does."""

from indistack.api.frames import build_master, calibrate_frame, find_stars, open_frame, register
from indistack.api.session import Session
from indistack.api.stacks import Stacked, merge_stacks, stack_files

__all__ = [
    "Session", "Stacked", "build_master", "calibrate_frame", "find_stars", "merge_stacks", "open_frame", "register",
    "stack_files",
]  # fmt: skip
