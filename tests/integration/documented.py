"""The commands that README and docs print, and what each does when it is typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_INLINE = re.compile(r"`((?:indistack|dask|\./scripts/[^`\s]+|\.ci/run)(?: [^`]+)?)`")
OURS = ("indistack ", ".venv/bin/indistack ", "./scripts/", ".ci/", "dask ")
MENTIONED = re.compile(r"indistack( \w+)?")
"""A command that is only spoken of, with nothing to type behind it."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a command does: a word of its output, its exit status, and what it leaves."""

    word: str
    status: int = 0
    files: tuple[str, ...] = ()


COMPLETE = ("config", "devices", "doctor", "library", "methods", "sessions")
"""Commands that need no further word."""

WAITS = Expected("waiting for an INDI server")

DONE: dict[str, Expected] = {
    ".venv/bin/indistack devices": Expected("no INDI server", 1),
    ".venv/bin/indistack doctor": Expected("ok    Python: "),
    "indistack config": Expected("[drift]"),
    "indistack config --explain drift.limit": Expected("Drift of the frame's centre"),
    "indistack devices": Expected("no INDI server", 1),
    "indistack doctor": Expected("ok    Python: "),
    "indistack doctor --output-dir tonight --bundle for-others.zip":
        Expected("look through it", 0, ("for-others.zip",)),
    "indistack sessions tonight": Expected("1 session, "),
    "indistack library": Expected("calibration"),
    "indistack methods": Expected("sigma_clip"),
    "indistack master dark darks/*.fits -o dark.fits": Expected("dark", 0, ("dark.fits",)),
    ".venv/bin/indistack stack lights/*.fits -o m27.fits --png m27.png --report m27.json --dark darks/ --flat flats/":
        Expected("6 of 6 subs", 0, ("m27.fits", "m27.png", "m27.json")),
    "indistack stack lights/*.fits": Expected("6 of 6 subs", 0, ("lights-stack.fits", "lights-stack.png")),
    "indistack stack lights/*.fits -o m51.fits --method sigma_clip": Expected("6 of 6 subs", 0, ("m51.fits",)),
    "indistack stack moon/*.png --align disk -o moon.fits": Expected("4 of 4 subs", 0, ("moon.fits",)),
    "indistack stack halo/*.png -n -e br:2 -a br.png -M max.png -E usm:25,2":
        Expected("4 of 4 subs", 0, ("br.png", "max.png")),
    "indistack stack halo/*.png --reference-box 200,150,60 --search-box 205,150,110 -t 0.4 -a average.png -s aligned_":
        Expected("4 of 4 subs", 0, ("average.png", "aligned_M0.png")),
    "indistack stack moon/*.png --preset lucky --best 50 -o sharp.fits --png sharp.png":
        Expected("less sharp", 0, ("sharp.fits", "sharp.png")),
    "indistack stack lights/*.fits --align centroid --search 60 --naive --shifts shifts.csv --crop 10,10,20,20"
    " -o added.fits": Expected("6 of 6 subs", 0, ("added.fits", "added-naive.fits", "shifts.csv")),
    "indistack stack night/*.png --preset trails --set stack.ground_line=0.8 -o trails.fits --png trails.png":
        Expected("4 of 4 subs by trails", 0, ("trails.fits", "trails.png")),
    "indistack stack /nas/M31/2026-*/ --dark /nas/masters/dark.fits --flat /nas/masters/flat.fits --reference best"
    " --method sigma_clip -o M31.fits --cluster tcp://SCHEDULER:8786": Expected("6 of 6 subs", 0, ("M31.fits",)),
    "indistack merge night1.fits night2/sessions/NAME newtonian.fits -o all.fits --png all.png":
        Expected("all.fits", 0, ("all.fits", "all.png")),
    "indistack replay tonight/sessions/NAME -o again.fits": Expected(" of 5 subs", 0, ("again.fits",)),
    "indistack replay tonight/sessions/NAME -o clean.fits --method sigma_clip --exact":
        Expected(" of 5 subs", 0, ("clean.fits",)),
    "indistack replay tonight/sessions/NAME -o sharp.fits --set quality.max_fwhm_ratio=1.3":
        Expected(" of 5 subs", 0, ("sharp.fits",)),
    "indistack report tonight/sessions/NAME": Expected("report.html", 0, ("tonight/sessions/NAME/report.html",)),
    "indistack livestack -input_dir lights -output_dir livestack -dark_dir darks -output_image '*' -method ALL -mode 1":
        Expected("6 subs stacked", 0, ("livestack/add.jpg", "livestack/addcomp.fits")),
    "indistack stack --help": Expected("kappa-sigma"),
    "indistack tell --help": Expected("undo"),
    "indistack unstack tonight 41 57": Expected("in the stack"),
}  # fmt: skip
"""Those that come to an end."""

LIVE: dict[str, Expected] = {
    ".venv/bin/indistack run --output-dir tonight": WAITS,
    '.venv/bin/indistack run --device "ZWO CCD ASI533MC Pro" --dark darks/ --flat flats/ --output-dir tonight': WAITS,
    ".venv/bin/indistack run --listen 0.0.0.0:7680 --output-dir tonight": WAITS,
    ".venv/bin/indistack run --branch trails=trails --branch recent=mean --set branches.recent.last=20"
    " --output-dir tonight": WAITS,
    "indistack livestack -input_dir incoming -output_dir livestack2 -output_image live.png -method ADDMAX"
    " -mode LOOP": Expected("waiting for files in"),
    "indistack run --set align.method=asterism": WAITS,
    "indistack run --method sigma_clip --output-dir tonight": WAITS,
    "indistack run --branch trails=trails --branch recent=mean --set branches.recent.last=20"
    " --set branches.trails.follow=camera --output-dir tonight": WAITS,
    "indistack run --listen 0.0.0.0:7680": WAITS,
    "indistack run --output-dir tonight": WAITS,
    "indistack run --output-dir tonight --new": WAITS,
    "indistack run --output-dir tonight --continue last": WAITS,
    "indistack web tonight --listen 0.0.0.0:8080": Expected("the page is at"),
    "indistack web tonight --new-token": Expected("the page is at"),
}
"""Those that go on until CTRL-C; there is no server here."""

WATCH = ".venv/bin/indistack watch incoming/ --output-dir tonight"

TOLD = {
    "indistack tell tonight comet 1 0.41,0.52": Expected("the comet is marked in sub 1"),
    "indistack tell tonight branch trails method=trails follow=camera": Expected("the stack trails begins"),
    "indistack tell tonight drop trails": Expected("the stack trails has ended"),
    "indistack tell tonight remove 41 57": Expected("is out"),
    "indistack tell tonight undo": Expected("is out"),
    'indistack tell tonight set drift.limit "15 arcmin"': Expected("drift.limit is"),
    "indistack tell tonight pause": Expected("paused"),
}
"""What is told to the agent that `WATCH` has started, in this order, and what it answers."""

NIGHT = {WATCH: Expected("2 subs stacked"), **TOLD}

CLUSTER = ("dask scheduler", "dask worker tcp://SCHEDULER:8786 --nthreads 1 --memory-limit 0")
"""What the stack by a cluster runs beside."""

ELSEWHERE = {
    "./scripts/demo": "test_demo.py runs what it starts",
    "./scripts/demo --subs 50": "the same, longer",
    "./scripts/test": "runs this",
    "./scripts/test --quick": "runs the quick ones beside this",
    "./scripts/check": ".ci/run runs it",
    "./scripts/test-ekos": ".ci/run runs it, where KStars is installed",
    "./scripts/bench --energy": "measures, for longer",
    "./scripts/bench --tracked": "measures, for a quarter of an hour",
    "./scripts/bench --tracked --peers": "measures other programs, which are installed for it",
    "./scripts/bench --receive": "measures, for longer",
    "./scripts/bench --picture": "measures, for longer",
    ".ci/run": "runs this",
    "./scripts/bench": "measures, for a quarter of an hour",
    "./scripts/bench --flat": "measures, for longer",
    "./scripts/peers": "measures other programs, which are installed for it",
}  # fmt: skip
"""Those that cannot run within a test."""


def printed() -> Iterator[str]:
    """Yield every command of the pages, one line each, as it is typed; how the program is installed is left out."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = "".join(_BLOCK.findall(text)).replace("\\\n", " ")
        typed = [line.partition(" # ")[0] for line in blocks.splitlines()]
        spoken = _INLINE.findall(_BLOCK.sub("", text))
        if page.name == "extending.md":  # its commands are run with what that page adds
            continue
        spoken = [command for command in spoken if not MENTIONED.fullmatch(command) or command.endswith(COMPLETE)]
        commands = (" ".join(command.split()) for command in [*typed, *spoken])
        yield from (command for command in commands if command.startswith(OURS))
