"""Commands that make stacks of sessions and of stacks, and masters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from indistack import batch
from indistack.api import build_master, merge_stacks
from indistack.command_line.arguments import Options
from indistack.command_line.exit_status import DONE
from indistack.command_line.options import config_of
from indistack.command_line.progress import ProgressDisplay
from indistack.command_line.results import SUFFIXES, in_words, pictures_of, written
from indistack.command_line.say import say
from indistack.config import MAIN
from indistack.errors import IndistackError
from indistack.output.destinations import default_stem, require_writable
from indistack.pipeline.calibrators import calibrator_factory, library_of
from indistack.resume.amend import amend
from indistack.resume.replay import Replay
from indistack.resume.session_settings import settings_of
from indistack.sources import expand
from indistack.store.folder_lock import is_at_work
from indistack.store.session_folders import session_at
from indistack.store.session_reader import PastSession
from indistack.store.sub_files import SUBS
from indistack.system.clock import utc_now
from indistack.values.counted import counted


def replay(options: Options) -> int:
    """Make a session's stack again from its raw subs."""
    past = PastSession(session_at(options.session))
    method = [f"stack.method={options.method}"] if options.method else []
    if options.method == "comet":  # whatever stood still in the session
        method.append("stack.follow=comet")
    overrides = [*options.set, *method]
    config, said = settings_of(past, overrides), {word.partition("=")[0].strip() for word in overrides}
    processing = Replay(past, calibrator_factory(config, library_of(config)), options.exact, said)
    subs = [path for path in (past.folder / SUBS).glob("*") if path.is_file()]
    fits, png = pictures_of(options, [past.folder / "ledger.jsonl"], "again", options.report)
    job = batch.Batch((), fits, png, options.report, others=subs)
    with ProgressDisplay(past.n_lights, "stacking") as display:
        result = batch.run(job, config, processing, display.line)
    say(f"{result.report['stack']['n_subs']} of {past.n_lights} subs of {past.folder.name}")
    return written(*result.files)


def unstack(options: Options) -> int:
    """Take subs out of the stack of a session that has ended."""
    past = PastSession(session_at(options.session.absolute()))
    output = past.folder.parent.parent
    if is_at_work(output):
        word = "readmit" if options.put_back else "remove"
        numbers = " ".join(map(str, options.numbers))
        raise IndistackError(f"an agent is at work there, tell it: indistack tell {output} {word} {numbers}")
    config = settings_of(past, options.set)
    calibrator_for = calibrator_factory(config, library_of(config))
    session = amend(past, options.numbers, options.put_back, config, calibrator_for, utc_now())
    say(f"{counted(session.n_subs, 'sub')} in the stack of {past.folder.name}, {in_words(session.exposure_s)}")
    return written(*(path for suffix in SUFFIXES if (path := past.folder / f"{MAIN}{suffix}").exists()))


def merge(options: Options) -> int:
    """Merge stacks of one target."""
    config = config_of(options)
    fits, png = pictures_of(options, options.stacks, "merged")
    require_writable([fits, png], inputs=options.stacks)
    merged = merge_stacks(options.stacks, config, grid=options.grid)
    for path in filter(None, (fits, png)):
        merged.save(path)
        say(path)
    return DONE


def master(options: Options) -> int:
    """Build a master from raw calibration frames."""
    config, files = config_of(options), expand(options.files, keep_missing=True)
    output = options.output or _default_master(files, options.kind)
    with ProgressDisplay(len(files), options.kind) as display:
        built = build_master(
            options.kind, files, output, config,
            force=options.force, progress=display.done, tell=display.say,
        )  # fmt: skip
    say(built.describe())
    return written(output)


def _default_master(files: Sequence[Path], kind: str) -> Path:
    output = Path(f"{default_stem(files, f'master-{kind}', ['.fits'])}.fits")
    say(f"no output was named: {output} will be written")
    return output
