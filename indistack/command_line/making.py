"""Commands that make stacks and masters of files and sessions."""

from __future__ import annotations

from pathlib import Path

from indistack import batch
from indistack.agent.agent import utc_now
from indistack.api import build_master, merge_stacks, stack_files
from indistack.command_line.arguments import Options
from indistack.command_line.exit_status import DONE
from indistack.command_line.options import Overrides, config_of, given
from indistack.command_line.progress import ProgressDisplay
from indistack.pipeline.calibrators import calibrator_factory, library_of
from indistack.resume.amend import amend
from indistack.resume.replay import Replay
from indistack.resume.session_settings import settings_of
from indistack.sources import expand
from indistack.store.session_reader import PastSession


def stack(options: Options) -> int:
    """Stack files, once."""
    overrides: Overrides = {
        "stack": given(method=options.method, jobs=options.jobs, max_memory_mb=options.max_memory),
        "align": given(method=options.align),
        "debayer": given(method=options.debayer),
        "quality": {"enabled": False} if options.no_quality else {},
        "publish": given(maps=options.maps),
    }
    config = config_of(options, overrides)
    files = expand(options.files)
    with ProgressDisplay(len(files), "stacking") as display:
        result = stack_files(
            files, config, reference=options.reference, exact=options.exact, cluster=options.cluster,
            fits=options.output, png=options.png, report=options.report, progress=display.line,
        )  # fmt: skip
    facts = result.report["stack"]
    print(f"{facts['n_subs']} of {len(files)} subs, {_in_words(facts['exposure_s'])}, in {facts['seconds']:.1f} s")
    return _written(options.output, options.png, options.report)


def replay(options: Options) -> int:
    """Make a session's stack again from its raw subs."""
    past = PastSession(options.session)
    method = [f"stack.method={options.method}"] if options.method else []
    config = settings_of(past, [*options.set, *method])
    processing = Replay(past, calibrator_factory(config, library_of(config)), options.exact)
    job = batch.Batch((), options.output, options.png, options.report)
    with ProgressDisplay(past.n_lights, "stacking") as display:
        result = batch.run(job, config, processing, display.line)
    print(f"{result.report['stack']['n_subs']} of {past.n_lights} subs")
    return _written(options.output, options.png, options.report)


def unstack(options: Options) -> int:
    """Take subs out of the stack of a session that has ended."""
    past = PastSession(options.session.absolute())
    config = settings_of(past, options.set)
    calibrator_for = calibrator_factory(config, library_of(config))
    session = amend(past, options.numbers, options.put_back, config, calibrator_for, utc_now())
    print(f"{session.n_subs} subs in the stack, {_in_words(session.exposure_s)}")
    return DONE


def merge(options: Options) -> int:
    """Merge stacks of one target."""
    merged = merge_stacks(options.stacks, config_of(options), grid=options.grid)
    for path in filter(None, (options.output, options.png)):
        merged.save(path)
        print(path)
    return DONE


def master(options: Options) -> int:
    """Build a master from raw calibration frames."""
    config, files = config_of(options), expand(options.files)
    with ProgressDisplay(len(files), options.kind) as display:
        built = build_master(
            options.kind, files, options.output, config,
            force=options.force, progress=display.done, tell=display.say,
        )  # fmt: skip
    print(built.describe())
    return _written(options.output)


def _written(*paths: Path | None) -> int:
    """Tell which files were written."""
    for path in filter(None, paths):
        print(path)
    return DONE


def _in_words(exposure_s: float) -> str:
    """Tell an exposure; 0 where no sub tells its own."""
    return f"{exposure_s:.0f} s" if exposure_s > 0 else "exposure unknown"
