"""Siril (Debian), by a script for its command line; it stacks finished nights only."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from comparison.night import Files
from comparison.peers.base import SAID, Answer, read_picture

# -equalize_cfa keeps the flat's colour out of the picture; the first sub is the reference, as everywhere here.
SCRIPT = """requires 1.0.0
setcpu 2
link light -out={folder}
cd {folder}
preprocess light -dark={dark} -flat={flat} {colour}
setref pp_light 1
register pp_light
stack r_pp_light {method} -out=stack
close
"""


@dataclass(frozen=True)
class Siril:
    """Siril with one of its methods to stack."""

    name: str
    method: str
    is_colour: bool

    def missing(self) -> str:
        """Its program is looked for on the PATH."""
        return "" if shutil.which("siril-cli") else "not installed: apt-get install siril"

    def command(self, files: Files, folder: Path) -> Sequence[str | Path]:
        """It takes all files of a folder, so the subs get one of their own."""
        lights = folder / "lights"
        lights.mkdir()
        for path in files.subs:
            (lights / path.name).symlink_to(path)
        script = folder / "script.ssf"
        colour = "-cfa -equalize_cfa -debayer" if self.is_colour else ""
        masters = {"dark": files.dark.with_suffix(""), "flat": files.flat.with_suffix("")}
        script.write_text(SCRIPT.format(folder=folder, colour=colour, method=self.method, **masters))
        return ["siril-cli", "-d", lights, "-s", script]

    def answer(self, folder: Path) -> Answer:
        """The picture; it has no weights by default, and drops subs that it cannot register."""
        stacked = re.search(r"(\d+) images have been stacked", (folder / SAID).read_text(errors="replace"))
        n_subs = len(list((folder / "lights").iterdir()))
        note = f"in batch; stacked {stacked.group(1) if stacked else '?'} of {n_subs} subs"
        return Answer(read_picture(folder / "stack.fit"), note=note)
