"""Makes docs/gallery.md and its pictures, all or those that are named: `scripts/gallery FOLDER [NAME ...]`.

The folder holds the real subs: m27, m44, m94, ngc7023, moon, jupiter. Halo and star trails are simulated.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from gallery_skies import halo_subs, trail_subs

DOCS = Path(__file__).parents[1] / "docs"
WIDTH_PX, QUALITY = 640, 80
"""Of the page's pictures: small, as a clone has them all."""

ALS = "github.com/deufrai/als, GPL-3.0"
LIVE = "github.com/artyom-beilis/OpenLiveStacker, GPL-3.0"
SEESTAR = "github.com/tinystork/zeseestarstacker, GPL-3.0"
PLANETS = "github.com/oadultradeepfield/planetary-image-stacker, GPL-3.0"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A picture of the page, the command that makes it, and where its subs are from."""

    name: str
    title: str
    folder: str
    options: str
    origin: str
    beside: bool = True
    """One sub stands at its left."""

    def command(self, subs: str, name: str) -> list[str]:
        """Return the words to type."""
        picture = "--beside" if self.beside else "--png"
        return ["indistack", "stack", subs, "-o", f"{name}.fits", picture, f"{name}.png", *self.options.split()]


EXHIBITS = (
    Exhibit("m27", "M 27, the Dumbbell nebula: six subs of 6 s, ASI224MC", "m27", "", ALS),
    Exhibit("m44", "M 44, the Beehive: 18 JPEGs on an alt-azimuth mount", "m44", "", LIVE),
    Exhibit("m94", "M 94: eight subs of 10 s, Seestar S50", "m94", "", SEESTAR),
    Exhibit("ngc7023", "NGC 7023, the Iris nebula: four subs of 10 s, Seestar S50", "ngc7023", "", SEESTAR),
    Exhibit("moon", "The Moon: ten stills of a video, sharpened", "moon", "-E moon -E wavelets:1.5,2", PLANETS),
    Exhibit("jupiter", "Jupiter: ten stills of a video", "jupiter", "-E planet -E wavelets:1,2,2", PLANETS),
    Exhibit("halo", "A 22 degree halo, the Sun blocked: mean of 24 subs", "halo", "--align none -E halo", "simulated"),
    Exhibit("halo-usm", "The same, unsharp masked", "halo",
            "--align none -E usm:60,8,20 -E percentile:2,98", "simulated", False),
    Exhibit("halo-br", "The same, blue less red", "halo",
            "--align none -E br -E blur:4 -E percentile:1,99", "simulated", False),
    Exhibit("halo-max", "The same, the brightest of all subs", "halo",
            "--align none --method maximum -E halo", "simulated", False),
    Exhibit("trails", "Star trails over a hill: 40 subs, the mean for the ground", "night",
            "--align none --method trails --set stack.ground_mask=hill.png -E fill_gaps:8 -E percentile:0,99.9",
            "simulated"),
)  # fmt: skip

HEAD = """\
# Gallery

<!-- Made by scripts/gallery: change that, then run it. -->

Each picture is made by the command below it, without any other setting. Where there are two halves, the left one is a
single sub, shown in the same way (`--beside`).
"""


def main() -> int:
    """Make the page and its pictures."""
    subs = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="gallery-") as name:
        place = Path(name)
        halo_subs(place / "halo")
        trail_subs(place / "night")
        for folder in {exhibit.folder for exhibit in EXHIBITS} - {"halo", "night"}:
            (place / folder).symlink_to(subs / folder)
        for exhibit in (one for one in EXHIBITS if one.name in sys.argv[2:] or not sys.argv[2:]):
            picture = _picture(exhibit, place)
            cv2.imwrite(str(DOCS / f"gallery-{exhibit.name}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    sections = [_section(exhibit) for exhibit in EXHIBITS]
    (DOCS / "gallery.md").write_text("\n".join([HEAD, *sections]))
    return 0


def _picture(exhibit: Exhibit, place: Path) -> np.ndarray:
    command = exhibit.command(exhibit.folder, exhibit.name)
    print(" ".join(command), flush=True)
    command[0] = str(Path(sys.executable).with_name("indistack"))
    subprocess.run([*command, "--log-level", "error"], cwd=place, check=True, stdout=subprocess.DEVNULL)
    picture = cv2.imread(str(place / f"{exhibit.name}.png"), cv2.IMREAD_COLOR)
    if picture is None:
        raise SystemExit(f"{exhibit.name}.png cannot be read")
    is_wide = picture.shape[1] > 2 * picture.shape[0]
    return _scaled(picture, (2 * WIDTH_PX if is_wide else WIDTH_PX) / picture.shape[1])


def _scaled(picture: np.ndarray, scale: float) -> np.ndarray:
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _section(exhibit: Exhibit) -> str:
    command = " ".join(exhibit.command(exhibit.folder, exhibit.name))
    origin = "Simulated by the script." if exhibit.origin == "simulated" else f"Subs: {exhibit.origin}."
    picture = f"![{exhibit.title}](gallery-{exhibit.name}.jpg)"
    return f"## {exhibit.title}\n\n{picture}\n\n```text\n{command}\n```\n\n{origin}\n"


if __name__ == "__main__":
    sys.exit(main())
