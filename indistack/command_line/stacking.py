"""``indistack stack``: what was typed becomes settings, files and outputs of one batch."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from indistack.api import Stacked, stack_files
from indistack.command_line.arguments import Options
from indistack.command_line.clicked_boxes import clicked_boxes
from indistack.command_line.inputs import Inputs, inputs_of
from indistack.command_line.options import Overrides, config_of, given, require_pictures
from indistack.command_line.presets import with_presets
from indistack.command_line.progress import ProgressDisplay
from indistack.command_line.results import in_words, pictures_of, written
from indistack.command_line.say import say
from indistack.command_line.side_pictures import require_side_pictures, write_beside, write_left_out
from indistack.command_line.wanted_stacks import WantedStacks, wanted_stacks
from indistack.config import Config
from indistack.enhance import shown_by
from indistack.errors import IndistackError, SettingsError
from indistack.output.destinations import require_writable
from indistack.stack import AUTO
from indistack.store.line_writer import as_line
from indistack.system import log as logs
from indistack.system.atomic import atomic_file
from indistack.values.outcome import Accepted, Refused
from indistack.values.sub_report import SubReport

PRINTED = "-"
"""In place of a file: what is printed."""

REMEDIES = {
    "exposure_changed": "subs of other exposures are taken, too, by --set drift.on_exposure=scale",
    "gain_setting_changed": "subs of another gain are taken, too, by --set drift.on_gain_setting=scale",
}
"""Reasons of subs that another setting would have taken."""


def stack(options: Options) -> int:
    """Stack files, once."""
    options = with_presets(options)
    if options.log_level:  # a preset may say it
        logs.configure(options.log_level)
    wanted = wanted_stacks(options)
    config = config_of(options, _settings(options, wanted))
    require_pictures(config)
    inputs = inputs_of(options, config.decode)
    if options.click:
        _click_boxes(options, inputs, config)
        config = config_of(options, _settings(options, wanted))
    if len(inputs.files) == 1 and (options.enhance or options.enhance_images):
        say("one image: it is enhanced, there is nothing to stack")
        config = _for_one_image(config)
    result, sheets = _stacked(options, wanted, config, inputs)
    _give_shifts(options.shifts, result.report["subs"])
    pair = _pair(options, config, result)
    facts = result.report["stack"]
    stacked, exposure = (
        f"{facts['n_subs']} of {len(inputs.files)} subs by {facts['method']}",
        in_words(facts["exposure_s"]),
    )
    say(f"{stacked}, {exposure}, in {facts['seconds']:.1f} s")
    return written(*result.files, *pair, *sheets)


def _stacked(options: Options, wanted: WantedStacks, config: Config, inputs: Inputs) -> tuple[Stacked, list[Path]]:
    """Return the stack, and what shows the files that are not in it: they are told of if there is no stack, too."""
    named = [*wanted.outputs.values(), options.save_images]
    fits, png = pictures_of(options, inputs.files, "stack", options.report, *filter(None, named))
    _require_table(options.shifts, inputs.files)
    require_side_pictures(inputs.files, options.beside, options.left_out)
    lines: dict[int, dict[str, Any]] = {}
    with ProgressDisplay(len(inputs.files), "stacking") as display:

        def tell(report: SubReport) -> None:
            lines[report.number] = as_line(report)
            display.line(report)

        try:
            result = stack_files(
                inputs.files, config, reference=options.reference, exact=options.exact, cluster=options.cluster,
                fits=fits, png=png, report=options.report, outputs=wanted.outputs, best_percent=options.best,
                times=inputs.times, save_aligned=options.save_images, progress=tell,
            )  # fmt: skip
        except SettingsError:
            raise
        except IndistackError:
            written(*_left_out(options, config, [lines[number] for number in sorted(lines)]))
            raise
    return result, _left_out(options, config, result.report["subs"])


def _left_out(options: Options, config: Config, subs: Sequence[dict[str, Any]]) -> list[Path]:
    """List the files that are not in the stack, each with its reason, and show them on a sheet if one is wanted."""
    skipped = [sub for sub in subs if sub["outcome"] == Refused.word]
    if skipped:
        say(f"skipped: {len(skipped)} of {len(subs)} files")
    for sub in skipped:
        detail = f": {sub['detail']}" if sub.get("detail") else ""
        say(f"  {sub['path']}  {sub['reason'].replace('_', ' ')}{detail}")
    for reason, remedy in REMEDIES.items():
        if any(sub["reason"] == reason for sub in skipped):
            say(f"  {remedy}")
    if options.left_out is None:
        return []
    if not skipped:
        say(f"no sub was left out: there is no {options.left_out}")
        return []
    write_left_out(options.left_out, skipped, config.decode)
    return [options.left_out]


def _pair(options: Options, config: Config, result: Stacked) -> list[Path]:
    """Write one sub beside the stack, if that is wanted; return the file."""
    if options.beside is None:
        return []
    write_beside(options.beside, result, _for_one_image(config))
    return [options.beside]


def _settings(options: Options, wanted: WantedStacks) -> Overrides:
    """Return the settings that were said as options."""
    return {
        "stack": wanted.main | given(jobs=options.jobs, max_memory_mb=options.max_memory),
        "branches": wanted.branches,
        "align": _alignment(options),
        "debayer": given(method=options.debayer),
        "quality": {"enabled": False} if options.no_quality else {},
        "publish": given(maps=options.maps, crop=_whole_numbers(options.crop)),
        "picture": given(
            operators=shown_by(_operators(options.enhance)) if options.enhance else None,
            sub_operators=_operators(options.enhance_images) or None,
            annotate=options.annotate,
            png_bits=options.png_bits,
        ),
    }


def _for_one_image(config: Config) -> Config:
    """Return the settings with which an image is taken as it is: nothing is looked for that it could be compared by."""
    method = "mean" if config.stack.method == AUTO else config.stack.method
    changes = {"stack": {"method": method}, "align": {"method": "none"}, "quality": {"enabled": False}}
    return config.model_copy(
        update={name: getattr(config, name).model_copy(update=table) for name, table in changes.items()}
    )


def _alignment(options: Options) -> dict[str, Any]:
    """Return the table ``align``: boxes, a threshold or a star say which way is meant, where none is named."""
    if options.reference_box and options.search_box and options.search_box[2] <= options.reference_box[2]:
        raise SettingsError(["--search-box: is to be larger than --reference-box, which is looked for in it"])
    template: dict[str, Any] = given(
        box=_around(options.reference_box),
        search_box=_around(options.search_box),
        min_score=math.sqrt(options.correlation_threshold) if options.correlation_threshold else None,
    )
    centroid = given(star=options.star, search_px=options.search)
    implied = {"none": options.no_alignment, "template": template or options.click, "centroid": centroid}
    ways = {way for way, said in implied.items() if said} | ({options.align} if options.align else set())
    if len(ways) > 1:
        said = "--star and --search belong to --align centroid, boxes and -t to template, -n is none"
        raise SettingsError([f"alignment by {' and by '.join(sorted(ways))}: {said}"])
    return given(method=next(iter(ways), None), template=template or None, centroid=centroid or None)


def _click_boxes(options: Options, inputs: Inputs, config: Config) -> None:
    """Have both boxes marked, on the sub that the others are laid on where it is named."""
    if options.reference_box or options.search_box:
        raise SettingsError(["--click: the boxes are said by --reference-box and --search-box already"])
    files = inputs.files if options.reference in ("first", "best") else [Path(options.reference)]
    options.reference_box, options.search_box = clicked_boxes(files, config.decode, options.view_gamma)


def _around(box: Sequence[float] | None) -> list[float] | None:
    """Return the corner and the sides of a box, given its middle and half its side."""
    return None if box is None else [box[0] - box[2], box[1] - box[2], 2 * box[2], 2 * box[2]]


def _whole_numbers(values: Sequence[float] | None) -> list[int] | None:
    if values is None:
        return None
    if any(value < 0 or value != int(value) for value in values):
        raise SettingsError(
            [f"--crop {','.join(f'{value:g}' for value in values)}: whole numbers from 0 up are wanted"]
        )
    return [int(value) for value in values]


def _operators(words: Sequence[str]) -> list[str]:
    """Take apart several operators that were said in one word, with blanks between them."""
    return [operator for word in words for operator in word.split()]


def _require_table(shifts: str | None, inputs: Sequence[Path]) -> None:
    if shifts not in (None, PRINTED):
        path = Path(str(shifts))
        if path.suffix.lower() != ".csv":
            raise SettingsError([f"--shifts {path}: a table is written as .csv; '-' prints it"])
        require_writable(texts=[path], inputs=inputs)


def _give_shifts(shifts: str | None, subs: Sequence[dict[str, Any]]) -> None:
    """Write or print how far each sub was moved."""
    if shifts is None:
        return
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["file", "dx_px", "dy_px", "rotation_deg", "rms_px"])
    for sub in subs:
        if sub["outcome"] == Accepted.word:
            table.writerow(
                [Path(sub["path"]).name, *map(_figure, [*sub["shift_px"], sub["rotation_deg"], sub["rms_px"]])]
            )
    if shifts == PRINTED:
        say(text.getvalue().rstrip())
        return
    with atomic_file(Path(shifts)) as file:
        file.write(text.getvalue().encode())


def _figure(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.3f}"
