"""Commands that tell what there is."""

from __future__ import annotations

from indistack.align import ALIGNERS
from indistack.calibrate import RAW, raw_room
from indistack.command_line.arguments import Options
from indistack.command_line.bundle import write_bundle
from indistack.command_line.doctor import examine as examine_machine
from indistack.command_line.entry import print_entry
from indistack.command_line.exit_status import DONE, FAILED, WRONG_USAGE
from indistack.command_line.finding import BAD
from indistack.command_line.options import config_of, given, given_by
from indistack.command_line.progress import show_masters
from indistack.command_line.say import complain, say
from indistack.command_line.settings_text import explain
from indistack.command_line.side_pictures import require_side_pictures
from indistack.config import Config, to_toml
from indistack.debayer import DEBAYERS
from indistack.decode import DECODERS
from indistack.enhance import OPERATORS
from indistack.indi import list_devices
from indistack.picture.picture_file import write_picture
from indistack.pipeline.calibrators import library_folder, library_of
from indistack.report import as_text, read_session, summarise, write_report
from indistack.report.contact_sheet import sheet
from indistack.report.left_out import left_out
from indistack.settings import load_what_holds
from indistack.sinks import SINKS
from indistack.solve import SOLVERS
from indistack.stack import METHODS
from indistack.store.session_folders import session_at

REGISTRIES = (DECODERS, DEBAYERS, ALIGNERS, SOLVERS, METHODS, OPERATORS, SINKS)


def library(options: Options) -> int:
    """Show the masters of the calibration library."""
    settings = config_of(options)
    masters = library_of(settings)
    if masters is None:
        if library_folder(settings.calibrate) is not None:  # which is told by then
            return FAILED
        say("the calibration library is off: calibrate.library is empty")
        return DONE
    show_masters(masters.entries())
    count, size_bytes = raw_room(masters.folder)
    raws = f"; raw frames of these: {count}, {size_bytes / 1e9:.2f} GB, in {RAW}/" if count else ""
    say(f"{masters.folder}{raws}")
    return DONE


def report(options: Options) -> int:
    """Tell of a session: text, JSON, a page."""
    require_side_pictures((), options.left_out)
    summary = summarise(read_session(session_at(options.session)))
    say(as_text(summary).rstrip())
    for path in write_report(summary, options.output_dir or summary.subs.path.parent):
        say(path)
    if options.left_out is not None:
        write_picture(options.left_out, sheet(left_out(summary.subs)))
        say(options.left_out)
    return DONE


def devices(options: Options) -> int:
    """Show what is on an INDI server."""
    server = config_of(options, {"indi": given(host=options.host, port=options.port)}).indi
    found = list_devices(server.host, server.port, options.timeout)
    for device in found:
        kinds = ", ".join(device.interfaces) or "other"
        state = "connected" if device.connected else "not connected"
        print_entry(device.name, f"{state}, {kinds}", f"({device.driver})" if device.driver else "")
    if not found:
        say(f"no device on the INDI server at {server.host}:{server.port}")
    return DONE


def doctor(options: Options) -> int:
    """Examine whether this machine is ready."""
    said = given_by(options, {"indi": given(host=options.host, port=options.port)})
    settings, faults = load_what_holds(Config, said)
    findings = list(examine_machine(settings, options.output_dir, faults))
    for finding in findings:
        say(f"{finding.mark:5s} {finding.subject}: {finding.text}")
    if options.bundle is not None:
        write_bundle(options.bundle, settings, options.output_dir, findings)
        say(f"{options.bundle}: please look through it before you give it away")
    return FAILED if any(finding.mark == BAD for finding in findings) else DONE


def config(options: Options) -> int:
    """Show the effective settings as TOML; of a broken file those that hold."""
    settings, faults = load_what_holds(Config, given_by(options))
    for fault in faults:
        complain(fault)
    say((explain(settings, options.explain) if options.explain else to_toml(settings)).rstrip("\n"))
    return WRONG_USAGE if faults else DONE


def methods(_: Options) -> int:
    """Show what can be chosen."""
    for registry in REGISTRIES:
        say(f"{registry.slot}")
        for name, text in registry.describe().items():
            say(f"  {name:14s} {text}")
    return DONE
