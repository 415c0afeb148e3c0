"""The program that uses seiza: OPTIONS-AS-JSON DARK FLAT FOLDER SUB..."""

import json
import sys
from pathlib import Path

import seiza

_, options, dark, flat, folder, first, *others = sys.argv
stacker = seiza.LiveStacker(first, options=seiza.StackOptions(**json.loads(options)), dark=dark, flat=flat)
# The first sub is the unit of the weights; a sub has one weight for each colour, none where all count alike.
weights: list[float | None] = [1.0]
for path in others:
    pushed = stacker.push_fits(path)
    colours = pushed.weight or [1.0]
    weights.append(sum(colours) / len(colours) if pushed.accepted else None)
stacker.write_fits(Path(folder) / "stack.fits")
(Path(folder) / "weights.json").write_text(json.dumps(weights))
